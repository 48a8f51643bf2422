"""Trained models and data sets for others: what is said of them, and how they get to the Hugging Face hub."""
