# Every command of the project. `make help` lists them.

PYTHON ?= python3
VENV ?= .venv
PORT ?= 8000
DATA ?= .fivered/data
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help run demo token up down test test-all test-fast test-next chaos simulate fuzz upgrade covers bench lint audit types contracts generate format pins images release

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Use it
run: ## everything in one process, Python only; demonstration on http://127.0.0.1:8000
	@$(PYTHON) deploy/local/prepare.py run $(VENV)
	@exec $(BIN)/fivered up --demo --data $(DATA) --port $(PORT)

demo: ## tell the story through HTTP against the running system (make run or make up)
	@$(PYTHON) deploy/local/prepare.py run $(VENV)
	@exec $(BIN)/fivered demo story

token: ## a token for a person of the demonstration: make token AS=resident
	@exec $(BIN)/fivered demo token $(AS)

up: ## serve and work per service, gateway, RabbitMQ and PostgreSQL (private ones unless configured)
	@$(PYTHON) deploy/local/prepare.py run $(VENV)
	@MAKE_PID=$$PPID exec $(BIN)/python -m deploy.local.up

down: ## stop what make up started
	@exec $(BIN)/python -m deploy.local.down

##@ Change it
# How many tests run side by side. Those of `make test` wait for servers a part of their time.
test: WORKERS ?= 4
test-fast: WORKERS ?= 2
test: ## set up and run every test, with real RabbitMQ and PostgreSQL
	@$(PYTHON) deploy/local/prepare.py test $(VENV)
	@MAKE_PID=$$PPID WORKERS=$(WORKERS) exec $(BIN)/python -m deploy.local.test

# As `make test`, with every turn and every case on both databases: before a release.
test-all: export FIVERED_TEST_TURN = all
test-all: export FIVERED_TEST_CASES = all
test-all: test ## make test, and what takes turns there

test-fast: ## the quick loop: tests that need Python only and no patience
	@$(PYTHON) deploy/local/prepare.py test $(VENV)
	@PYTHONPYCACHEPREFIX=$(abspath $(VENV))/compiled PYTHONDONTWRITEBYTECODE= exec $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile -m "not servers and not slow" --ignore tests/architecture/test_independence.py chassis services gateway clients tests/contracts tests/architecture

# TESTS= are arguments of pytest in place of what is run otherwise.
test-next: WORKERS ?= 2
test-next: ## tests of the servers on Debian 13's RabbitMQ 4, PostgreSQL 17, Python 3.13 (root)
	@MAKE_PID=$$PPID WORKERS=$(WORKERS) exec $(PYTHON) -m deploy.local.next $(TESTS)

# Half of the faults befall a toy that counts each event and its order, half the five services.
chaos: FAULTS ?= 1000
chaos: SEED ?= 1
chaos: ## faults under load on real servers, seeded: make chaos FAULTS=1000 SEED=1; then a cluster's
	@$(PYTHON) deploy/local/prepare.py test $(VENV)
	@$(BIN)/python -m tests.chaos --faults $$(($(FAULTS) / 2)) --seed $(SEED)
	@$(BIN)/python -m tests.chaos --faults $$(($(FAULTS) / 2)) --seed $(SEED) --district
	@$(BIN)/python -m tests.chaos --faults $$(($(FAULTS) / 10)) --seed $(SEED) --clocks
	@exec $(BIN)/python -m tests.chaos.cluster --rounds $(or $(ROUNDS),20)

simulate: ## what the bus may do wrong, drawn by seeds: make simulate SEEDS=10000, make simulate SEED=7
	@$(PYTHON) deploy/local/prepare.py test $(VENV)
	@exec $(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),1000))

fuzz: ## cases that schemathesis draws, to every door in every role: make fuzz CASES=10000 SEED=1
	@$(PYTHON) deploy/local/prepare.py test $(VENV)
	@exec $(BIN)/python -m tests.fuzz --cases $(or $(CASES),10000) --seed $(or $(SEED),1)

upgrade: ## the last release under load is replaced process by process by this one, put back, and replaced
	@$(PYTHON) deploy/local/prepare.py test $(VENV)
	@exec env FIVERED_ROLLS=$(or $(SERVICES),three) $(BIN)/python -m pytest -q -s -n 0 tests/upgrade/test_rolling.py

covers: ## which rows of the acceptance lists no test proves
	@exec $(BIN)/python -m tests.covers

# What it says on its error stream is of no use to a reader: it warns of each `nosec` twice.
SHIPPED := chassis services gateway clients deploy testkit
lint: ## ruff, import-linter, mypy, contract files, bandit
	@$(PYTHON) deploy/local/prepare.py test $(VENV)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/python -m tests.architecture.imports
	@$(MAKE) --no-print-directory types
	@$(BIN)/fivered contracts check
	@$(BIN)/bandit -q -c pyproject.toml -r $(SHIPPED) 2> $(VENV)/bandit || { cat $(VENV)/bandit; exit 1; }

audit: ## known weaknesses of the pinned packages, by pip-audit where PyPI's data can be reached
	@$(PYTHON) deploy/local/prepare.py test $(VENV)
	@exec $(BIN)/python -m deploy.local.audit

types: ## mypy --strict
	@$(BIN)/python -m deploy.local.typecheck

format: ## let ruff format the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

contracts: ## write the contract files from the code
	@$(BIN)/fivered contracts write

generate: ## write everything that is written from the code: units, contracts, deployment files
	@$(BIN)/python -m deploy.units
	@$(BIN)/fivered contracts write
	@$(BIN)/python -m deploy.generate

images: ## build images by their recipe with buildah, start each, no engine: UNITS="credit gateway" (root)
	@$(PYTHON) deploy/local/prepare.py test $(VENV)
	@MAKE_PID=$$PPID exec $(BIN)/python -m deploy.local.images $(UNITS)

release: ## check, build wheels and archives into dist/, tag; try first: make release TRY=--dry-run
	@$(BIN)/python -m deploy.release $(TRY)

pins: ## what is installed, with digests, into requirements*.txt; newer: make pins NEWER=--upgrade
	@$(PYTHON) deploy/local/prepare.py test $(VENV)
	@$(BIN)/pip install -q uv==0.13.9
	@$(BIN)/python -m deploy.local.pins $(NEWER)

bench: ## speed as ratios in one run, on private servers
	@$(PYTHON) deploy/local/prepare.py test $(VENV)
	@$(BIN)/pip install -q -r bench/requirements.txt || echo "bench: commands without FastStream"
	@MAKE_PID=$$PPID exec $(BIN)/python -m bench
