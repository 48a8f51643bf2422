"""Pre-trained models as one table: what goes into them, what comes out, and where their weights are."""
