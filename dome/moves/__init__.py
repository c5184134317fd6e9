"""What the people do: motions of the dome's own, and recorded ones."""
