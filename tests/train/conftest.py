import pytest

from train.loop.trainer import PoseTrainer


@pytest.fixture(autouse=True, scope="module")
def untraced():
    """Runs training steps without tracing them, because tracing a net takes longer than the few steps of most tests.

    Tests that start a process, such as the command itself, train with graphs, and so do those marked `graph`.
    """
    compiled, options = PoseTrainer.compile, {"run_eagerly": True}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PoseTrainer, "compile", lambda self, *args, **more: compiled(self, *args, **(options | more)))
        yield options


@pytest.fixture(autouse=True)
def traced_where_marked(request, untraced):
    marked = request.node.get_closest_marker("graph") is not None
    untraced["run_eagerly"] = not marked
    yield
    untraced["run_eagerly"] = True
