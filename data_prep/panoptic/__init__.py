"""CMU Panoptic Studio: its HD, VGA and Kinect cameras."""
