"""People in space from videos of several calibrated cameras."""
