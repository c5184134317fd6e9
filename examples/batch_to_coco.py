"""Labels a folder of images for a labeling tool: python examples/batch_to_coco.py FOLDER people.json [MODEL]."""

import json
import sys
from pathlib import Path

import panopose

folder, out, *name = sys.argv[1:]
model = panopose.load(*name or ["fast"])
coco = panopose.to_coco(model.images(folder), skeleton=model.skeleton)
Path(out).write_text(json.dumps(coco))
print(f"people: {len(coco['annotations'])}, images: {len(coco['images'])}")
