# Everything a person does with this tree. `make install` is idempotent: it does only what its inputs changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: install demo test check lint types imports docs-fresh docs screenshots bench run lock
.DEFAULT_GOAL := install

install: $(STAMP) $(VENV)/.tor

$(STAMP): requirements.lock pyproject.toml tools/make_venv.sh
	@sh tools/make_venv.sh "$(PYTHON)" "$(VENV)"
	@touch $@

$(VENV)/.tor: $(STAMP) tools/get_tor.sh
	@sh tools/get_tor.sh "$(VENV)"
	@touch $@

demo: install
	@$(BIN)/python -m demo

run: install
	@$(BIN)/cwtchd run

test: install
	@$(BIN)/python -m pytest -q tests

check: install lint types imports docs-fresh

lint:
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@sh tools/check_tree.sh
	@sh tools/check_units.sh

types:
	@$(BIN)/mypy

imports:
	@$(BIN)/lint-imports --no-cache

docs: install
	@$(BIN)/python -m tools.generate_docs

docs-fresh:
	@$(BIN)/python -m tools.generate_docs --check

# The terminal interface as it looks; a test says when they are stale.
screenshots: install
	@$(BIN)/python -m tools.screenshots

bench: install .venv-bench/.installed
	@$(BIN)/python -m bench $(PARTS)

.venv-bench/.installed: requirements-bench.lock tools/make_bench_venv.sh
	@sh tools/make_bench_venv.sh "$(PYTHON)" .venv-bench
	@touch $@

# The locks name no registry; they are made anew only by hand, with uv on PATH.
lock:
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 pyproject.toml --group dev --group build -o requirements.lock
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 --group bench -o requirements-bench.lock
