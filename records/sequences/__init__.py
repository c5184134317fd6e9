"""Records of one person's joints over time, and the windows of them that a net takes, as virtual cameras see them."""
