# make demo and make test set up everything they need; see scripts/setup.sh.
.PHONY: demo test lint bench constraints clean

PYTHON ?= python3
BIN := .venv/bin
export PYTHON

demo:
	@scripts/setup.sh
	@$(BIN)/codex-task demo

test: lint
	@$(BIN)/pytest -n 2

lint:
	@scripts/setup.sh dev
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy --no-error-summary

bench:
	@scripts/setup.sh dev
	@$(BIN)/python -m benchmarks

# Renews the pins from pyproject.toml's ranges.
constraints:
	@$(PYTHON) -m venv --clear .venv/renew
	@.venv/renew/bin/pip install --quiet '.[dev]'
	@.venv/renew/bin/pip freeze --exclude codex-task-executor >constraints.txt

clean:
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis dist
