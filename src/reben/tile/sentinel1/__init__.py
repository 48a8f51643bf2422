"""Sentinel-1 partners of Sentinel-2 patches: taken from BigEarthNet v1, or cut from geocoded scenes."""
