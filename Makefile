# The same few commands on a laptop and in CI. Every target makes what it needs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test slow mutants check format bench clean

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -e ".[test]"
	touch $@

demo: $(VENV)/installed      ## the main job on the embedded demo collection
	$(BIN)/bunsan demo

test: $(VENV)/installed      ## all tests but the slow ones
	$(BIN)/pytest

slow: $(VENV)/installed      ## the slow tests: minutes, real data, large files
	$(BIN)/pytest -m slow

mutants: $(VENV)/installed   ## plant every deliberate fault and show that a test turns red
	$(BIN)/python tests/mutants/plant.py

check: $(VENV)/installed     ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/installed     ## ours and the peers in one run; see benchmarks/README.md
	$(BIN)/pip install -q -e ".[bench]"
	$(BIN)/python benchmarks/bm25.py
	$(BIN)/python benchmarks/counting.py
	$(BIN)/python benchmarks/analysis.py
	$(BIN)/python benchmarks/subwords.py
	$(BIN)/python benchmarks/encode.py
	$(BIN)/python benchmarks/generation.py
	$(BIN)/python benchmarks/training.py

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis bunsan-demo
