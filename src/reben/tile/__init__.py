"""One tile of Sentinel-2: its bands, the places of its patches, Sentinel-1 on its grid."""
