"""The checks of an audit: one small module per kind of fault. Each gets a sample of patches and answers in findings."""
