"""Measures reben against plain loops and the machine, in one run: `make bench`."""
