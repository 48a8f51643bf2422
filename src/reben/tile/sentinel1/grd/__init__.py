"""From the image of a GRD product to backscatter on the grid of a tile: range-Doppler terrain correction."""
