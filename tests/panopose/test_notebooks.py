"""The notebooks: stored without outputs, and run from the first cell to the last."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
# In a process of its own, with a kernel in another: nbclient warns of its event loop. Prints the text of all outputs.
EXECUTE = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], 4)
NotebookClient(notebook, timeout=1800, kernel_name="python3").execute()
for cell in notebook.cells:
    for output in cell.get("outputs", ()):
        print(output.get("text") or dict(output.get("data", {})).get("text/plain", ""))
"""
#: What each must print in the end.
PRINTED = {
    "own_joints": ("144 people in 144 pictures", "7 joints of dancer", "Joint(x=", "head_x_px"),
    "panoptic_to_webcam": ("wrote demo.mp4", "20 frames, somebody in", "left_knee_flexion_deg"),
}


def test_there_are_two():
    assert [path.stem for path in NOTEBOOKS] == sorted(PRINTED)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_not_stored_and_cells_are_python(path):
    notebook = json.loads(path.read_text())
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert code and all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    for cell in code:
        ast.parse("".join(cell["source"]))
    # Each step is explained before it is run.
    assert notebook["cells"][0]["cell_type"] == "markdown"
    assert sum(cell["cell_type"] == "markdown" for cell in notebook["cells"]) >= 0.4 * len(notebook["cells"])


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path, tmp_path):
    pytest.importorskip("nbclient", reason="notebooks need jupyter's nbclient and ipykernel")
    pytest.importorskip("ipykernel", reason="notebooks need jupyter's nbclient and ipykernel")
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", EXECUTE, str(path)]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr[-4000:]
    for text in PRINTED[path.stem]:
        assert text in done.stdout
