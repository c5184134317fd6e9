"""People in video: found, followed from frame to frame, and their joints smoothed."""
