"""Downloads of CMU Panoptic Studio."""
