"""Trains a tiny net in a process of its own, whose devices can be chosen: RECORDS FOLDER DEVICES OPTIONS...

Each of OPTIONS is a JSON object of options that differ from the ones below, and makes one run in FOLDER; one that stops
after some epochs may be resumed.
"""

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import patch

import keras
import pytest
from commands import AS_GIVEN

from models import build_densenet
from train.config import TrainConfig
from train.loop import train
from train.loop.callbacks import EpochEnd

ON_EPOCH_END = EpochEnd.on_epoch_end


def build_tiny(num_joints, **options):
    return build_densenet((1,), num_joints, growth_rate=4, **options)


def main(records: str, folder: str, devices: str, *runs: str) -> None:
    if keras.backend.backend() == "tensorflow" and int(devices) > 1:
        import tensorflow as tf

        (cpu,) = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * int(devices))
    for run in runs:
        options = {"epochs": 2, "batch_size": 8, "input_size": 32, "log": (), **AS_GIVEN}
        # Every step then changes much, and every gradient is clipped.
        options |= {"learning_rate": 1e-2, "warmup_epochs": 0.0, "clip_norm": 0.05}
        options |= json.loads(run)
        options["run"] = Path(folder) / options["run"]
        stop_after = options.pop("stop_after", None)

        def on_epoch_end(self, epoch, logs=None, stop_after=stop_after):
            ON_EPOCH_END(self, epoch, logs)
            if epoch + 1 == stop_after:
                raise KeyboardInterrupt

        expected = pytest.raises(KeyboardInterrupt) if stop_after else nullcontext()
        with patch.object(EpochEnd, "on_epoch_end", on_epoch_end), expected:
            train(TrainConfig(records=Path(records), **options), "tiny", build_tiny)


if __name__ == "__main__":
    main(*sys.argv[1:])
