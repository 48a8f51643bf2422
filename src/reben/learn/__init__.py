"""Training, evaluation and prediction with the paper's recipe as the default."""
