"""Published pose estimators, converted to export folders like ours, so that the same code runs and measures them."""
