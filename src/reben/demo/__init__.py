"""A small synthetic data set in the published layout, and the main job run on it from end to end."""
