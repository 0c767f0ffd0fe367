# make demo    label a sample article            make test    everything that tests need, and the tests
# make lint    ruff                              make types   mypy --strict
# make wheel   build, and use in a clean virtual environment
# make oldest  use with the oldest versions of everything
# make fuzz    look for inputs that break something; RUNS=… of each kind
# make train BASE=hub-id-or-path TRAIN=… UNLABELLED=… DEV=…   the shipped model, anew, in runs/small; RESUME=--resume

VENV ?= .venv
PYTHON ?= python3
# Pinned and installed first: a bare `torch` would bring gigabytes of CUDA.
TORCH ?= torch==2.13.0
PIP = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check

TRAIN ?= ../shared/data/train.jsonl
DEV ?= ../shared/data/dev.jsonl
UNLABELLED ?= ../shared/data/unlabelled.jsonl.gz
RUNS ?= 200000
LABELLED = --train $(TRAIN) --train training/data/articles.jsonl --dev $(DEV)
SENTENCES = $(LABELLED) --unlabelled $(UNLABELLED)
BASE ?= sentence-transformers/all-MiniLM-L6-v2

.PHONY: demo test browser lint types wheel oldest fuzz train clean

demo: $(VENV)/.base
	@$(VENV)/bin/claimclf demo

test: $(VENV)/.dev browser
	$(VENV)/bin/python -m pytest --numprocesses auto --dist loadfile

# The report page is tested in Debian's Chromium; where it cannot be installed, those tests are skipped.
browser:
	@command -v chromedriver >/dev/null || (apt-get update -qq && apt-get install -y -qq chromium chromium-driver) \
		>/dev/null 2>&1 || echo "no Chromium: the tests of the report page are skipped"

lint: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: $(VENV)/.dev
	$(VENV)/bin/mypy

wheel: $(VENV)/.dev
	bash tests/check_wheel.sh $(VENV)/bin/python

oldest: $(VENV)/.dev
	bash tests/check_oldest.sh $(abspath $(VENV))/bin/python '$(TORCH)'

fuzz: $(VENV)/.dev
	$(PIP) --editable '.[fuzz]'
	for target in predict document table model_dir metadata; do \
		$(VENV)/bin/python -m tests.fuzz.run $$target --runs $(RUNS) || exit 1; done

train: $(VENV)/.dev
	$(VENV)/bin/python -m training.train --config training/configs/small.yaml $(SENTENCES) \
		--base-model $(BASE) --output runs/small-first $(RESUME)
	$(VENV)/bin/python -m training.train --config training/configs/small-second.yaml $(SENTENCES) \
		--output runs/small-second $(RESUME)
	$(VENV)/bin/python -m training.train --config training/configs/small-third.yaml $(SENTENCES) \
		--output runs/small-third $(RESUME)
	$(VENV)/bin/python -m training.train --config training/configs/small-fourth.yaml $(LABELLED) \
		--train training/data/contrasts.jsonl --output runs/small $(RESUME)

clean:
	rm -rf $(VENV) dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: $(VENV)/bin/python pyproject.toml
	$(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml
	$(PIP) '$(TORCH)'
	$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.base
