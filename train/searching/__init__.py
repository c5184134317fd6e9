"""The search for a net of blocks: an over-parameterized net, the probabilities of its paths, and the loop."""
