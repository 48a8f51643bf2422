"""Sentinel-1 GRD products (`.SAFE`), unpacked or zipped: geometry, calibration, noise."""
