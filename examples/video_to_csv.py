"""Writes the joints of everybody in a video as a table: python examples/video_to_csv.py squats.mp4 out.csv [MODEL]."""

import sys

import panopose

source, out, *name = sys.argv[1:]
model = panopose.load(*name or ["fast"])
table = panopose.to_frame(model.video(source))
table.to_csv(out, index=False)
print(f"{len(table)} rows, number of people: {table['person'].nunique()}")
