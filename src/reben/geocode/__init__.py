"""Sentinel-1 GRD products to scenes on the grids of tiles, which builds cut into patches."""
