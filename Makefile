# The commands of this repository. `make demo` and `make test` do all their own set-up.
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# Node comes with a Python package: what calls it finds it beside Python.
WITH_NODE := PATH="$(CURDIR)/$(BIN):$$PATH"

.DEFAULT_GOAL := help
.PHONY: help demo test check format bench docs front packages clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.package front ## set up and start the demo city; options: make demo ARGS="--port 9000"
	@exec $(BIN)/placette demo $(ARGS)

# Small matrices are slower on several threads, much slower where other work runs beside them.
test: packages check ## set up and run everything that must hold; options: make test ARGS="tests/store"
	@export CHROME_PATH="$${CHROME_PATH:-$$(scripts/chromium $(BIN))}" OMP_NUM_THREADS=1; $(WITH_NODE) $(BIN)/python -m pytest $(ARGS)

packages: # the system packages that the tests run for real
	@scripts/test-packages

check: $(VENV)/.developer front ## style, types and the import rules of the rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python hatch_build.py check

format: $(VENV)/.developer ## put the source into its one style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.developer front ## measure speed and memory, and write docs/benchmarks.md
	@scripts/bench-packages
	@$(BIN)/python -m pip install --quiet --group bench
	@$(WITH_NODE) $(BIN)/python -m benchmarks $(ARGS)

docs: $(VENV)/.developer ## build the documentation site into site/
	$(BIN)/zensical build --strict

front: $(VENV)/.package # the custom elements, when their sources have changed
	@$(BIN)/python hatch_build.py

clean: ## remove the virtual environment and everything built
	rm -rf $(VENV) dist site src/placette/web/static components/node_modules

$(VENV)/.made:
	@scripts/venv $(VENV)

# Without build isolation Node is fetched once, for the package and for the front end alike. LightGBM comes too (39 MB):
# without it the demo's forecasts would be those of past weeks alone.
$(VENV)/.package: pyproject.toml | $(VENV)/.made
	@echo "installing Placette into $(VENV)"
	@$(BIN)/python -m pip install --quiet --group build
	@$(BIN)/python -m pip install --quiet --no-build-isolation --editable '.[analyse]'
	@touch $@

$(VENV)/.developer: $(VENV)/.package
	@echo "installing the developer's tools into $(VENV)"
	@$(BIN)/python -m pip install --quiet --group dev --no-build-isolation --editable '.[analyse,basemap,lorawan,oscore,wifi]'
	@touch $@
