"""What is measured of models: scores of labels and of class maps, calibration, thresholds, intervals."""
