"""GeoTIFFs of patches and maps."""
