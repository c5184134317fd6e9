"""Video frames from cameras, streams and files, read ahead in threads."""
