# PanoPose. `make help` lists the targets.
PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python

RECORDS ?= data/records
# The modules of train/ that can be run.
MODELS = $(patsubst train/%.py,%,$(shell grep -ls '^if __name__' train/*.py))
MODEL ?= $(or $(if $(CONFIG),$(shell sed -n 's/^model *= *"\(.*\)".*/\1/p' "$(CONFIG)")),resnet)
RUN ?= runs/$(MODEL)
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev quickstart records train evaluate export demo test test-slow test-extras test-lowest \
	test-all lint docs clean clean-data

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "MODEL of make train: $(MODELS)"
	@echo "Options of a command: make records SOURCE=panoptic ROOT=... OUT=... ARGS='--stride 10'"

setup: $(VENV)/.installed ## make the virtual environment and install what users need

$(VENV)/.installed: requirements.txt setup.py
	@echo "installing the packages into $(VENV), once; that takes one to three minutes"
	@$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --no-compile -r requirements.txt
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

setup-dev: $(VENV)/.installed-dev

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

quickstart: setup ## everything at once on a synthetic sequence: records, training, evaluation, export, demo video
	@$(PY) -m tools.expected_time
	$(PY) -m data_prep dome --out data/quickstart/dome --sequences 14 --frames 8 --fps 4 --cameras 4 --people 1-2 \
		--poses upright --places studio --height 360 --width 640
	$(PY) -m data_prep panoptic --root data/quickstart/dome --out data/quickstart/records --skeleton lsp14 \
		--val 0 --test 0 --val-sequences dome_010 dome_011 --test-sequences dome_012 dome_013
	$(PY) -m records data/quickstart/records
	@test ! -e runs/quickstart || grep -qs quickstart/records runs/quickstart/run.json || \
		{ echo "runs/quickstart is no run of the quickstart; move it away"; exit 2; }
	rm -rf runs/quickstart
	$(PY) -m train.movenet --config configs/quickstart.toml
	$(PY) -m evaluate runs/quickstart --records data/quickstart/records
	$(PY) -m export runs/quickstart --to saved-model litert
	$(PY) -m demo.webcam --model runs/quickstart/export --no-window \
		--source data/quickstart/dome/dome_013/hdVideos/hd_00_00.mp4 --output runs/quickstart/demo.mp4
	@echo "look at data/quickstart/records/contact_sheet.jpg, runs/quickstart/predictions.png,"
	@echo "runs/quickstart/evaluation-test/report.html and runs/quickstart/demo.mp4"

records: setup ## SOURCE=panoptic|lsp|coco|mpii|h36m ROOT=data-set OUT=shard-set: a data set on disk becomes records
	@test -n "$(SOURCE)" -a -n "$(ROOT)" -a -n "$(OUT)" || \
		{ echo "usage: make records SOURCE=panoptic|lsp|coco|mpii|h36m ROOT=folder OUT=folder [ARGS='...']"; exit 2; }
	$(PY) -m data_prep $(SOURCE) --root "$(ROOT)" --out "$(OUT)" $(ARGS)

# An option; beside CONFIG, our default of it is left out.
given = $(if $(and $(CONFIG),$(filter file,$(origin $2))),,--$1 "$($2)")

train: setup ## RECORDS=shard-set MODEL=name RUN=run-folder, or CONFIG=file.toml: train a model
	@test -n "$(filter $(MODEL),$(MODELS))" || \
		{ echo "there is no MODEL $(MODEL); there are $(MODELS)"; exit 2; }
	$(PY) -m train.$(MODEL) $(if $(CONFIG),--config "$(CONFIG)") $(call given,records,RECORDS) $(call given,run,RUN) $(ARGS)

evaluate: setup ## RUN=run-folder: measure a model, on its records or on RECORDS=shard-set
	$(PY) -m evaluate "$(RUN)" $(if $(filter file,$(origin RECORDS)),,--records "$(RECORDS)") $(ARGS)

export: setup ## RUN=run-folder: write a SavedModel and check it
	$(PY) -m export "$(RUN)" $(ARGS)

demo: setup ## run the newest exported model on the webcam
	$(PY) -m demo.webcam $(ARGS)

# A worker for each core, of which more than four only wait for one another. COV=1 adds line coverage.
PYTEST := $(PY) -m pytest --numprocesses auto --maxprocesses 4 $(if $(COV),--cov --cov-report=term:skip-covered)

test: setup-dev ## run the tests that take no longer than five minutes together
	$(PYTEST) --dist loadscope --no-loadscope-reorder -m "not slow" $(ARGS)

test-slow: setup-dev ## run the other tests: killed runs, several processes, fuzzing, mutants, every published size
	$(PYTEST) --dist worksteal -m slow $(ARGS)

LOWEST := .venv-lowest

test-lowest: $(LOWEST)/.installed ## run the tests of `make test` with the oldest packages that requirements.txt allows
	$(LOWEST)/bin/python -m pytest -m "not slow" -o filterwarnings=default $(ARGS)

# pip takes the newest versions alone. What these packages need in their turn is new, and may warn of them.
$(LOWEST)/.installed: requirements.txt requirements-dev.txt
	@$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct -r requirements-dev.txt
	touch $@

# Whole files, since their fast tests run only where the packages are, too.
EXTRAS := tests/data_prep/conversion/test_clusters.py tests/models/test_models_on_jax.py tests/train/loop/test_distribution.py \
	tests/train/loop/test_loggers.py tests/train/start/test_imagenet.py
# By itself: its triton crashes beside TensorFlow.
ANNY := tests/body/test_human_anny.py

$(VENV)/.installed-extras: $(VENV)/.installed-dev requirements-extras.txt
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-extras.txt
	touch $@

test-extras: $(VENV)/.installed-extras ## install Beam, Dask, JAX, anny, torch, wandb and MLflow, and run the tests that are skipped without
	$(PY) -m pytest $(ANNY)
	$(PYTEST) --dist worksteal $(EXTRAS) $(ARGS)

test-all: test test-slow ## run all tests

lint: setup-dev ## check style and types
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

# It reads the code without importing it: a machine that only builds the site needs none of the other packages.
$(VENV)/.installed-docs: requirements-docs.txt
	@$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-docs.txt
	touch $@

docs: $(VENV)/.installed-docs ## build the documentation as a site, in build/site
	NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict

clean: ## remove the virtual environment and what tools left here; data and runs stay
	@test ! -e $(VENV) || test $(VENV) = .venv || test -e $(VENV)/.installed || { echo "$(VENV) was not made by make setup; it stays"; exit 2; }
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .coverage

clean-data: ## remove data/ and runs/, after asking
	@du -sh data runs 2>/dev/null; printf 'remove data/ and runs/, downloads and trained models included? (yes/no) '; \
		read answer; if [ "$$answer" = yes ]; then rm -rf data runs; else echo "kept"; fi
