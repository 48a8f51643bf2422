"""Sentinel-2 and Sentinel-1 in STAC items: which catalogues are known, and what their items say of rasters."""
