"""Trained models for others: what is said of them, and how they get to the Hugging Face hub."""
