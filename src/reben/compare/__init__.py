"""Two versions of one data set side by side: labels that changed, ground that splits share."""
