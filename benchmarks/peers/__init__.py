"""Published pose estimators as export folders like our own, so that the same code runs, measures and times them."""
