"""What can go wrong in a training, beyond a wrong argument."""


class NonFiniteLoss(RuntimeError):
    """The loss, the weights or the predictions became NaN or infinite."""
