# Needs Python >= 3.11, make and a network the first time; everything else goes into .venv, from locked hashes.
PYTHON ?= python3
JOBS ?= 2
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
RUNTIME := .venv/.installed-runtime
DEV := .venv/.installed-dev
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --generate-hashes --no-emit-index-url --no-header --universal \
	--python-version 3.11

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow check bench golden lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(DEV) ## Make .venv with everything for development
	@echo "ready: .venv"

demo: $(if $(wildcard $(DEV)),$(DEV),$(RUNTIME)) ## Everything, on this machine, in about a minute
	@$(BIN)/milepost demo

test: $(DEV) ## Every test but the slow ones
	@$(BIN)/pytest -n $(JOBS) --dist worksteal -q -m "not slow and not bench"

test-slow: $(DEV) ## The slow tests
	@$(BIN)/pytest -n $(JOBS) --dist worksteal -q -m "slow and not bench"

check: $(DEV) ## Format, lint, types, import direction, sizes, spelling, docstrings, unit tests (< 60 s)
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python tools/budget.py
	@$(BIN)/python tools/generate.py --check
	@$(BIN)/codespell
	@$(BIN)/interrogate --quiet src
	@$(BIN)/pytest -n $(JOBS) --dist worksteal -q -m "not slow and not bench" tests/unit tests/docs

bench: $(DEV) ## Measurements, one after the other
	@set -e; for script in benchmarks/[a-z]*.py; do echo "== $$script"; $(BIN)/python "$$script"; done

golden: $(DEV) ## Accept generated text: read the diff afterwards
	@$(BIN)/python tools/generate.py
	@$(BIN)/pytest -q -m golden --accept-golden || test $$? -eq 5
	@git --no-pager diff --stat

lock: $(DEV) ## Resolve the dependencies again, keeping versions that still fit (UPGRADE=1: the newest)
	@$(LOCK) $(if $(UPGRADE),--upgrade) --all-extras --group dev -o requirements/dev.txt
	@$(LOCK) --extra sandbox --constraint requirements/dev.txt -o requirements/runtime.txt
	@$(LOCK:pyproject.toml=) --group build --constraint requirements/dev.txt -o requirements/build.txt

clean: ## Remove .venv, caches and what a build leaves
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Milepost needs Python 3.11 or newer: make PYTHON=python3.12")'
	@echo "making .venv (once)"
	@$(PYTHON) -m venv .venv

$(RUNTIME): requirements/runtime.txt requirements/build.txt pyproject.toml | .venv/bin/python
	@echo "installing what Milepost needs (once)"
	@$(PIP) --require-hashes -r requirements/runtime.txt -r requirements/build.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): requirements/dev.txt pyproject.toml | .venv/bin/python
	@echo "installing what development needs (once)"
	@$(PIP) --require-hashes -r requirements/dev.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@
