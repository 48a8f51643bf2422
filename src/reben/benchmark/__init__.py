"""What pre-trained models are worth on a data set: probes of embeddings, results with their proof, a leaderboard."""
