"""A data set in the published layout: its paths, tables, legend."""
