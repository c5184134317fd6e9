"""Time and memory of inference, training and the input pipeline."""
