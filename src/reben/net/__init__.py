"""Requests over HTTP: connections, attempts, and how to stop them."""
