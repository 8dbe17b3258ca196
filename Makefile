# Everything a newcomer needs: `make run` starts the watch, `make test` runs the full test suite. Both set up first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run demo test lint types rules check lock docs chaos clean

run: $(VENV)/.ready
	@$(BIN)/straitwatch run

demo: $(VENV)/.ready
	@$(BIN)/straitwatch demo

# One process more than cores; ARGS="-n 0 tests/rules" runs a part in one process. Each keeps to one thread and to compiled tests.
test: $(VENV)/.ready-dev
	@env -u PYTHONDONTWRITEBYTECODE OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 \
		$(BIN)/python -m pytest -q -n auto --dist worksteal $(ARGS)

lint: $(VENV)/.ready-dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(VENV)/.ready-dev
	@$(BIN)/mypy

rules: $(VENV)/.ready
	@$(BIN)/straitwatch rules check

check: lint types rules test

# Both engines, eight minutes: kills, database crashes, a full disk, failing feeds and Telegram, wrong clocks. Nothing may be
# lost, and health must turn red and green again.
chaos: $(VENV)/.ready-dev
	@$(BIN)/python benchmarks/chaos.py

$(VENV)/.ready: requirements.lock pyproject.toml
	@test -x $(BIN)/python || { echo "Setting up in $(VENV), once (about a minute)"; $(PYTHON) -m venv $(VENV); }
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.ready-dev: .ci/requirements-dev.lock $(VENV)/.ready
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement .ci/requirements-dev.lock
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -qq -k test_any_blocks >/dev/null || true  # compiles all, once
	@touch $@

# Pins with hashes and no addresses, for every supported Python and platform.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-header --no-annotate pyproject.toml
lock:
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	@$(LOCK) --extra build --output-file requirements.lock
	@$(LOCK) --extra build --extra dev --extra accurate --output-file .ci/requirements-dev.lock

# The site lands in build/site; the generator wants its pages beside its configuration.
docs: $(VENV)/.ready
	@test -x build/docs/bin/zensical || { $(PYTHON) -m venv build/docs && build/docs/bin/pip install --quiet "zensical>=0.0.73"; }
	@mkdir -p build/pages && cp -r docs CHANGELOG.md CONTRIBUTING.md build/pages/ && cp README.md build/pages/index.md
	@cp docs/zensical.toml build/zensical.toml && build/docs/bin/zensical build --strict --config-file build/zensical.toml

clean:
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
