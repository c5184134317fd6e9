"""People found in images, in the formats in which pose estimators exchange them."""
