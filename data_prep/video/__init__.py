"""Images out of videos and image files, decoded only where they are needed."""
