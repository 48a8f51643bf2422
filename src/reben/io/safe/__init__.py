"""Sentinel-2 products (`.SAFE`), unpacked or zipped."""
