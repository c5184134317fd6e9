import os
import signal
from importlib import import_module
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started by `nohup` or in the background of a script; tests of Ctrl-C, and the processes they start, heed it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

if "PYTEST_XDIST_WORKER" in os.environ:
    # There is a worker for each core.
    os.environ["TF_NUM_INTRAOP_THREADS"] = "1"

_ROOT = Path(__file__).parents[1]


# Real data, and a run in every format, each of which is checked in processes of its own.
_SLOW_FIXTURES = {"shared_data", "exported"}
# Folders whose files share slow fixtures.
_SHARED = ("tests/evaluate", "tests/export")
# A file whose tests take minutes each, and share nothing.
_NOTEBOOKS = "tests/panopose/test_notebooks.py"
_LONG = (_NOTEBOOKS, *_SHARED, "tests/train", "tests/models", "tests/benchmarks")


@pytest.hookimpl(tryfirst=True)  # Before `-m` chooses.
def pytest_collection_modifyitems(items):
    """Marks tests with slow fixtures as slow, and starts long tests first, so that no worker is left alone at the
    end."""
    for item in items:
        if not _SLOW_FIXTURES.isdisjoint(item.fixturenames):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """With `--dist loadscope`, has the tests of a file, or of a folder that shares fixtures, run in one worker."""
    if config.getvalue("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class ByFixtures(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.split("::")[0]
            if file == _NOTEBOOKS:
                return nodeid
            return next((folder for folder in _SHARED if file.startswith(folder)), file)

    return ByFixtures(config, log)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Tests, and the processes they start, use a cache of their own instead of the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def few_units(monkeypatch):
    """One unit in each stage of MobileNetV2, so that steps are traced, and nets exported, in half the time."""
    modules = [import_module(f"models.{name}") for name in ("mobilenet_v2", "movenet")]
    few = tuple(stage._replace(units=1) for stage in modules[0].STAGES)
    for module in modules:
        monkeypatch.setattr(module, "STAGES", few)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data that lies beside the project on some machines."""
    folder = Path(os.environ.get("PANOPOSE_SHARED", _ROOT.parent / "shared")).resolve()
    folder = folder if (folder / "lspet").is_dir() else folder / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data: neither PANOPOSE_SHARED nor {folder} is there")
    return folder
