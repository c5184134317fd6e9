import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data that lies beside the project on some machines."""
    folder = Path(os.environ.get("PANOPOSE_SHARED", _ROOT.parent / "shared")).resolve()
    folder = folder if (folder / "lspet").is_dir() else folder / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data: neither PANOPOSE_SHARED nor {folder} is there")
    return folder
