"""File formats: patch GeoTIFFs, the LMDB+safetensors store, metadata tables; files appear whole or not at all."""
