"""Errors of a training run, beyond wrong arguments."""


class NonFiniteLoss(RuntimeError):
    """The loss, the weights or the predictions became NaN or infinite."""


#: Exit code when another host is lost; the same command with --resume continues.
HOST_LOST = 6


class HostLost(RuntimeError):
    """Another host of a distributed training no longer responds."""
