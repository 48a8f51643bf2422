"""What is said of a data set where data sets are listed: footprints, STAC, Croissant, DataCite, a card."""
