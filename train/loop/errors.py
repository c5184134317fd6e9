"""What can go wrong in a training, beyond a wrong argument."""


class NonFiniteLoss(RuntimeError):
    """The loss, the weights or the predictions became NaN or infinite."""


#: The exit code where another host was lost: the same command with --resume goes on.
HOST_LOST = 6


class HostLost(RuntimeError):
    """Another host of a training on several does not answer any more."""
