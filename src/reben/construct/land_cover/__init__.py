"""Land cover on the 10 m grid of a tile, from polygons or from rasters."""
