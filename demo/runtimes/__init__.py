"""Finding an exported model, and running it in the fastest runtime of this machine."""
