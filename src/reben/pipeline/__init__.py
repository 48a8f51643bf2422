"""All stages from a search to a store, with one configuration; each is skipped where its result is there."""
