"""GeoTIFF data sets to LMDB+safetensors: specifications say what there is, one engine does the work."""
