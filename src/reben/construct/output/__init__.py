"""Where the patches of a tile are written: as GeoTIFFs in the published layout, or into a store."""
