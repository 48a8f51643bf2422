"""The rules of the paper: which products and patches are taken, what they are called, where they belong."""
