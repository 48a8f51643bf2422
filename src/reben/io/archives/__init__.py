"""Archives read from front to back, from disk or address: tar files in zstd or gzip, never unpacked."""
