"""Products of the Copernicus Data Space: found in its catalogue, downloaded, verified, unpacked."""
