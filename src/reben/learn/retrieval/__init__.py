"""Patches that are like one another."""
