"""Images from videos and image files, decoded only where needed."""
