"""Copies of reBEN in whatever format others have them, read through one protocol."""
