"""The embedded engine: tables made with the radiative transfer code 6S."""
