"""What the people wear and look like."""
