"""Training: one loop on Keras `fit`, losses, and one recipe for each model."""
