# Everything a developer or a visitor types. Needs Python 3.11+ and make, nothing else.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

CYCLES ?= 40
SEED   ?= 1
HOURS  ?= 1
UNITS  ?= 100000
# One more than processors: a test of whole processes mostly waits for them.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(os.cpu_count() + 1)')
ROUNDS ?= 10

CAMPAIGN = PATH="$$PATH:/usr/sbin" $(BIN)/edge-agent campaign

.DEFAULT_GOAL := help
.PHONY: help setup demo test mutants chaos mixed broker-cases soak accuracy changes exceptions check format docs lock clean

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP)  ## Make .venv with everything locked in requirements.lock

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "edge-agent needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)." \
	         "Name another one: make PYTHON=python3.12 setup" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup  ## Run 100 pick tasks end to end against simulated machines; ARGS="--faults typical --seed 7"
	@$(BIN)/edge-agent demo $(ARGS)

test: setup  ## Run the test suite (installs the mosquitto broker where it may)
	@sh tests/ensure_mosquitto.sh
	@PATH="$$PATH:/usr/sbin" $(BIN)/pytest -n $(WORKERS) --dist loadfile $(ARGS)

mutants: setup  ## Break every invariant by hand in a copy of the source: a test must notice each
	@sh tests/ensure_mosquitto.sh
	@PATH="$$PATH:/usr/sbin" $(BIN)/python -m tests.mutants $(ARGS)

chaos: setup  ## Kill the agent CYCLES times (SEED), audit every round
	@$(CAMPAIGN) chaos --cycles $(CYCLES) --seed $(SEED) $(ARGS)

mixed: setup  ## The same with broker kills, device restarts and link faults mixed in
	@$(CAMPAIGN) mixed --cycles $(CYCLES) --seed $(SEED) $(ARGS)

broker-cases: setup  ## Everything that a broker can do, a small scene for each, audited
	@$(CAMPAIGN) broker --seed $(SEED) $(ARGS)

soak: setup  ## HOURS at a steady rate; samples, a plot, and a verdict on what grows
	@$(CAMPAIGN) soak --hours $(HOURS) --seed $(SEED) $(ARGS)

accuracy: setup  ## UNITS picked with every kind of mistake injected (SEED): none may escape
	@$(CAMPAIGN) accuracy --units $(UNITS) --seed $(SEED) $(ARGS)

changes: setup  ## Cancel and replace a task at every moment of a story (SEED=13), audit every round
	@$(CAMPAIGN) changes $(ARGS)

exceptions: setup  ## Provoke every kind of exception (ROUNDS=10 each); who settles it, the machine or a person
	@$(CAMPAIGN) exceptions --rounds $(ROUNDS) $(ARGS)

check: setup  ## Linters, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup  ## Put the sources in the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup  ## Make the generated documents anew: state diagrams, JSON Schemas
	$(BIN)/python -m docs.generate

lock: setup  ## Resolve the dependencies anew into requirements.lock (needs uv)
	uv pip compile pyproject.toml --extra demo --extra soak --group dev --universal --no-header \
	  --no-emit-index-url --no-emit-find-links --generate-hashes --python-version 3.11 -q -o requirements.lock

clean:  ## Remove what the targets made
	rm -rf $(VENV) out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
