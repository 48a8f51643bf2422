"""Facts and pure functions: names, bands, classes, grid, errors. Needs numpy and the standard library only."""
