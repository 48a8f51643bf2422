"""What a trained model says: evaluation, prediction, export."""
