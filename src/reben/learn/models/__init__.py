"""Models: built, saved, loaded, fetched."""
