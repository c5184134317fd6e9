"""What batches of windows hold."""

from __future__ import annotations

from pose.fields import Field

#: The fields that batches may have beside the windows: the middle frame's joints in mm about the hips, for a person of
#: `pose.space.lifting.STATURE_MM`, in the frame of the camera turned to the person; which are known; and seen.
LABELS: dict[str, Field] = {
    "window": Field(("T", "J", 3)),
    "joints_xyz_mm": Field(("J", 3)),
    "xyz_known": Field(("J",), "int32", "visibility"),
    "seen": Field(("J",), "int32", "visibility"),
    # Of the middle frame in its clip; of the camera to the person's middle, scaled as the person; and the data set.
    "time_s": Field(()),
    "distance_mm": Field(()),
    "dataset": Field((), "bytes"),
}
