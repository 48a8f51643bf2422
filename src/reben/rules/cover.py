"""From which share on a patch counts as cloudy or snowy, where the image itself says what covers its ground.

reBEN has its flags from lists that people made for BigEarthNet v1 by looking at each patch; no threshold reproduces
them. For other areas the scene classification of the product is counted. The defaults are ours: a twentieth of a patch
is a square of 270 m.
"""

CLOUD_SHARE = 0.05
"""Of a patch: clouds, their shadows and cirrus together."""
SNOW_SHARE = 0.05
"""Of a patch: snow and ice."""
