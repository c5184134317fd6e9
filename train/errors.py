"""What can go wrong in a training, beyond a wrong argument."""


class NonFiniteLoss(RuntimeError):
    """The loss became NaN or infinite."""
