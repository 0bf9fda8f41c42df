# Tocsin. `make help` lists what there is; `make demo` and `make test` set up everything they need.
.DEFAULT_GOAL := help
SHELL := /bin/bash
# Compiled modules are kept whatever the caller's settings say: made anew for each command they cost it 3 s.
export PYTHONDONTWRITEBYTECODE :=
BIN := .venv/bin
VENV := .venv/.ready
GEODATA := src/tocsin/core/geodata/.ready
NODE := frontend/node_modules/.package-lock.json
SCREEN := src/tocsin/web/static/index.html
LOOPS := .venv/.compiled
SCREEN_SOURCES := $(shell find frontend/src frontend/messages frontend/public -type f) \
  $(wildcard frontend/*.json frontend/*.ts frontend/*.html)

.PHONY: help setup demo test check lint types rules tests bench nightly golden serve build lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: ## install everything into this folder (a second run does nothing)
	@test $(VENV) -nt tools/setup-system || tools/setup-system
	@$(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,--jobs 3) $(VENV) $(GEODATA) $(SCREEN) $(LOOPS)

$(VENV): requirements-dev.lock requirements-setup.lock pyproject.toml
	test -x $(BIN)/python || python3 -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-setup.lock
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements-dev.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	touch $@

$(NODE): frontend/package-lock.json
	cd frontend && npm ci --silent --ignore-scripts
	touch $@

$(GEODATA): tools/build_geodata.py frontend/scripts/geodata.mjs $(NODE) $(VENV)
	cd frontend && node scripts/geodata.mjs
	$(BIN)/python tools/build_geodata.py

$(SCREEN): $(NODE) $(SCREEN_SOURCES)
	cd frontend && npm run --silent build -- --logLevel error
	touch $@

$(LOOPS): tools/compile_loops.py $(shell grep -rlE "^@(compiled|lean)" src/tocsin/plan --include=*.py) $(VENV)
	$(BIN)/python tools/compile_loops.py
	touch $@

demo: setup ## run the whole chain on the demonstration mission and serve the result on 127.0.0.1
	tools/demo

test: check ## every check: format, lint, types, import rules, tests
check: setup # side by side: tests wait for servers and browsers a third of their time
	$(MAKE) --no-print-directory --jobs 4 lint types rules tests

lint: setup
	$(BIN)/ruff format --check src tests benchmarks tools
	$(BIN)/ruff check src tests benchmarks tools

types: setup # the screen's types are made from what the HTTP door says it offers, so they are never out of date
	$(BIN)/mypy
	$(BIN)/python tools/openapi frontend/build/openapi.json
	cd frontend && npm run --silent types >/dev/null && npm run --silent check

rules: setup
	$(BIN)/lint-imports

tests: setup
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

bench: setup ## measure; ONLY=name for one; writes benchmarks/results and docs/benchmarks.md
	$(BIN)/python -m benchmarks $(ONLY)

nightly: setup ## what needs Java and pyspark beside the rest: the same numbers on Spark, on two executor processes
	TOCSIN_NIGHTLY=1 $(BIN)/pytest -n 0 tests/learn/record/test_spread.py tests/assess/panel/test_parity.py

golden: setup ## rewrite the expected files of the golden tests after a meant change
	$(BIN)/pytest tests -k golden --rewrite-golden

build: setup ## the wheel, with map data and screen inside
	$(BIN)/uv build --wheel

lock: ## choose versions anew (names, versions and hashes only)
	for extra in "" dev; do \
	  $(BIN)/uv pip compile pyproject.toml $${extra:+--extra dev --extra postgres} --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade --quiet \
	    -o requirements$${extra:+-dev}.lock; done
	grep -A100 '^uv==' requirements-dev.lock | awk 'NR==1 || /^    --hash/ {print; next} {exit}' > requirements-setup.lock
	awk '/^[a-z]/ {keep = $$1 ~ /^(authlib|joserfc|psycopg|psycopg-binary)==/} keep' requirements-dev.lock > deploy/extras.lock

clean: ## remove everything that setup made
	rm -rf .venv frontend/node_modules frontend/build src/tocsin/core/geodata src/tocsin/web/static demo-mission
