"""The published systems beside each other, trained alike."""
