"""Items of STAC catalogues: found, looked at, chosen by season, and written to a file that a build reads."""
