# The README's commands. Each installs what it needs into .venv; a second run starts at once.
.PHONY: demo test test-slow test-all check docs docs-serve web format bench baselines clean
.DELETE_ON_ERROR:

export PYTHON
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

demo: $(VENV)/.demo  ## the main job on an embedded, synthetic data set
	rm -rf reben-demo
	$(BIN)/reben demo

# One thread per test process: threads of several processes that wait for one another burn the processors.
test test-slow test-all: export OMP_NUM_THREADS := 1
test test-slow test-all: export MALLOC_ARENA_MAX := 2
TEST := $(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder
test: $(VENV)/.dev  ## the test suite
	$(TEST) -m "not slow" $(ARGS)

test-slow: $(VENV)/.dev  ## what the test suite leaves out: more models, sizes and moments
	$(TEST) -m slow $(ARGS)

test-all: export REBEN_TEST_KILLS := many
test-all: $(VENV)/.dev  ## the test suite with the slow tests and more kills, and branch coverage
	$(BIN)/python -m coverage erase
	$(TEST) --cov --cov-report=term $(ARGS)

check: $(VENV)/.dev  ## linter, formatter, types, direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.docs  ## the documentation site, in build/site; any warning, dead link or missing page is an error
	$(BIN)/python tools/stage_docs.py
	$(BIN)/zensical build --clean --strict
	$(BIN)/python tools/check_site.py build/site

docs-serve: $(VENV)/.docs  ## show the site on this machine; Ctrl-C ends it
	$(BIN)/python tools/stage_docs.py
	$(BIN)/zensical serve

web:  ## the explorer's page: linter, types, unit tests, and its built form in src/reben/explore/page; needs Node
	cd web && npm ci --no-audit --no-fund && npm run lint && npm test && npm run build

format: $(VENV)/.dev  ## let ruff mend what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(VENV)/.dev  ## encoder and loader against plain loops and cp, in one run
	$(BIN)/python -m benchmarks

baselines: $(VENV)/.dev  ## models beside simple baselines, on the demo's data: docs/baselines.md
	$(BIN)/python -m benchmarks.baselines

clean:
	rm -rf $(VENV) reben-demo .bench .bench-cache .cache build/docs build/site

# A stamp, because .venv/bin/python is a link to a file that is older than everything here.
$(VENV)/.made: tools/make_venv.sh
	tools/make_venv.sh $(VENV)
	touch $@

$(VENV)/.demo: $(VENV)/.made pyproject.toml constraints.txt
	@echo "installing reben and what it needs (PyTorch among it: some minutes the first time)"
	@$(PIP) --editable '.[explore,learn,report]'
	touch $@

$(VENV)/.dev: $(VENV)/.made pyproject.toml constraints.txt
	@echo "installing reben, what it needs and what its tests need (PyTorch among it: some minutes the first time)"
	@$(PIP) --editable '.[dev]'
	touch $@ $(VENV)/.demo

$(VENV)/.docs: $(VENV)/.made pyproject.toml constraints.txt
	@echo "installing reben and what its documentation site needs"
	@$(PIP) --editable '.[docs]'
	touch $@
