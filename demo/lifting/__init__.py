"""From the joints of a 2D model to joints in space."""
