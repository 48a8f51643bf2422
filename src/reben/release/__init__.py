"""A data set as archives, as reBEN was published, and the proof that a copy is what was published."""
