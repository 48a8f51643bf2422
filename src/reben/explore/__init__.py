"""The explorer: all patches of a data set in the browser, from a small server or from a folder on any web space."""
