"""From store and metadata to samples and batches: the torch data set, the samplers and the Lightning data module."""
