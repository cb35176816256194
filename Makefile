# `make demo` and `make test` are all a newcomer needs; both set up .venv first.
PYTHON ?= python3
VENV ?= .venv
export UV_COMPILE_BYTECODE_TIMEOUT ?= 600
BIN := $(VENV)/bin
DEMO_OUT ?= out/demo

.PHONY: setup demo test lint types layers deps bench docs wheel lock check clean

setup: $(VENV)/.ready

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(f"SkillBridge needs Python 3.11 or newer, this is {v[0]}.{v[1]}: make PYTHON=python3.12 ...") if v < (3, 11) else 0'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.8"
	$(BIN)/python -m uv pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r requirements.lock
	$(BIN)/python -m uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	touch $@

demo: setup
	$(BIN)/skillbridge demo --out $(DEMO_OUT)

test: setup
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

layers: setup
	$(BIN)/lint-imports

deps: setup
	$(BIN)/deptry src

bench: setup
	$(BIN)/python -m pytest benchmarks -p no:xdist --benchmark-only -s

docs: setup
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build/html

wheel: setup
	rm -rf dist
	$(BIN)/python -m uv build --quiet --wheel --out-dir dist

lock: setup
	$(BIN)/python -m uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --group dev --no-annotate --no-header pyproject.toml -o requirements.lock

check: lint types layers deps docs test

clean:
	rm -rf $(VENV) dist out docs/_build .pytest_cache .mypy_cache .ruff_cache
