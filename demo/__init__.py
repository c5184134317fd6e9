"""Demos that run an exported model on a camera or a video. They read all they need from the artefact."""
