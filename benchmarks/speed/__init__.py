"""How long inference, training and the input pipeline take, and how much memory."""
