"""`python -m train.searched`: options, and a run that is exported."""

import json
import tomllib

import pytest
from commands import AS_GIVEN, call
from people import write_shard_set

from export.__main__ import main as export_main
from models import mobilenet_v2_plan
from models.searched import Block
from train.searched import SearchedConfig, main, train_searched


@pytest.fixture
def blocks(tmp_path):
    """A file of few blocks."""
    plan = mobilenet_v2_plan(0.25)
    stages = tuple(one._replace(blocks=(Block(5, 2), None)) for one in plan.stages)
    path = tmp_path / "few.json"
    path.write_text(json.dumps(plan._replace(stages=stages, last_filters=0).as_json()))
    return path


def test_the_options_as_a_file():
    printed = call(main, "--records", "data/lspet", "--blocks", "mine.json", "--print-config")
    options = tomllib.loads(printed.stdout)
    assert options["model"] == "searched" and options["blocks"] == "mine.json" and options["neck"] == "narrow"


def test_the_blocks_are_needed_and_wrong_ones_are_an_error(tmp_path):
    done = call(main, "--records", tmp_path)
    assert done.returncode == 2 and "--blocks" in done.stderr
    file = tmp_path / "blocks.json"
    file.write_text("{}")
    done = call(main, "--records", tmp_path, "--blocks", file)
    assert done.returncode == 2 and done.stderr.startswith(f"error: {file}: a net's blocks must be an object")


@pytest.mark.slow
def test_a_net_is_trained_and_exported(blocks, tmp_path):
    write_shard_set(tmp_path / "shards")
    options = {"blocks": blocks, "epochs": 1, "batch_size": 12, "log": ()}
    run = train_searched(SearchedConfig(tmp_path / "shards", tmp_path / "run", **options, **AS_GIVEN))
    assert json.loads((run / "run.json").read_text())["model"] == "searched_few"
    assert call(export_main, run, "--to", "saved-model", "onnx", "litert").returncode == 0
