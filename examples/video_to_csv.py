"""Writes the joints of everybody in a video as a table: python examples/video_to_csv.py squats.mp4 out.csv [MODEL]."""

import sys

import panopose

source, out, *name = sys.argv[1:]
model = panopose.load(*name or ["fast"])
table = panopose.to_frame(model.track(source), skeleton=model.skeleton)
table.to_csv(out, index=False)
print(f"{len(table)} rows; mean score of the left wrist {table['left_wrist_score'].mean():.2f}")
