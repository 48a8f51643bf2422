"""From what the satellite saw (L1C) to what the ground reflects (L2A)."""
