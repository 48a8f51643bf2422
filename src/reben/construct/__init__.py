"""From tiles, land cover and Sentinel-1 to a data set: each rule of the paper a small pure step."""
