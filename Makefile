# The commands of this project. `make` alone lists them; each prepares what it needs in .venv.
# ARGS are passed on: make demo ARGS="--seed 2", make test ARGS="-k slates".

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check
INSTALL_SELF := $(PIP) --no-deps --no-build-isolation --editable .
PYTHONS := python3.13 python3.12 python3.11 python3
IS_FIT := import sys, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
LOCK := $(BIN)/uv pip compile --quiet pyproject.toml --prerelease disallow --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header
# Left to their own commands: real containers, a real browser, and the long lane of kills and outages.
ON_THEIR_OWN := not compose and not browser and not fault
QUICK_TESTS := $(ON_THEIR_OWN) and not thorough and not other_pass
# A file stays in one process, and files come in the order that tests/tiers.py gives them.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help browser demo shop test test-all test-thorough test-postgres check faults faults-short compose audit bench coverage notebook lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.runtime ## the whole road once: data, embedder, workers, five policies in five shops, the report
	@$(BIN)/windowshop demo $(ARGS)

shop: $(VENV)/.runtime ## the shop in the browser: make shop ARGS="--shoppers 300 --pace 600"
	@$(BIN)/windowshop serve $(ARGS)

test: $(VENV)/.dev ## unit, service and journey tests, each claim once; about five minutes
	$(PYTEST) -m "$(QUICK_TESTS)" $(ARGS)

test-all: test-thorough test-postgres ## what `make test` leaves out: larger sizes, more settings, Postgres throughout

test-thorough: $(VENV)/.dev
	$(PYTEST) --durations=25 -m "thorough and not other_pass and $(ON_THEIR_OWN)" $(ARGS)

test-postgres: $(VENV)/.dev ## the service and journey tests once more, on Postgres where SQLite would do
	TEST_DATABASE=postgres $(PYTEST) \
	  -m "(service or journey) and $(QUICK_TESTS)" $(ARGS)

browser: $(VENV)/.dev ## pages in a real Chromium: apt-get install chromium
	$(BIN)/python -m pytest -m browser tests/browser $(ARGS)

check: $(VENV)/.dev ## lint, format, types, and which package may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

faults: $(VENV)/.dev ## the whole fault matrix, up to 45 minutes; writes its table into docs/FAULTS.md
	rm -rf runs/faults
	FAULTS=whole FAULT_RECORDS=runs/faults $(BIN)/python -m pytest -n 4 --dist worksteal -m fault tests/faults $(ARGS)
	$(BIN)/python -m tests.faults.table runs/faults

faults-short: $(VENV)/.dev ## the fault matrix with small counts, up to 10 minutes
	$(BIN)/python -m pytest -n 4 --dist worksteal -m fault tests/faults $(ARGS)

bench: $(VENV)/.dev ## every benchmark, one line a claim; ARGS=--largest adds the longest
	$(BIN)/python -m benchmarks $(ARGS)

coverage: $(VENV)/.dev ## how often intervals hold what they are about, about half an hour; ARGS=--quick: two minutes
	$(BIN)/python -m benchmarks.intervals.coverage $(ARGS)

audit: $(VENV)/.dev ## known advisories against what is locked; needs the advisory service
	$(BIN)/uv tool run --system-certs --quiet pip-audit@2.10.1 --strict --require-hashes --disable-pip -r requirements/runtime.txt

compose: $(VENV)/.dev ## tests in real containers; BASE_IMAGE, REDIS_IMAGE, POSTGRES_IMAGE name other images
	$(BIN)/python -m pytest -m compose tests/compose $(ARGS)

notebook: $(VENV)/.dev ## execute the notebooks in docs from top to bottom and keep their results
	$(BIN)/python -m tests.notebook

lock: $(VENV)/.dev ## write requirements/*.txt again; UPGRADE=--upgrade takes the newest versions
	$(LOCK) $(UPGRADE) -o requirements/runtime.txt
	$(LOCK) $(UPGRADE) --extra onnx -c requirements/runtime.txt -o requirements/onnx.txt
	$(LOCK) $(UPGRADE) --extra faiss -c requirements/runtime.txt -o requirements/faiss.txt
	$(LOCK) $(UPGRADE) --extra gym -c requirements/runtime.txt -o requirements/gym.txt
	$(LOCK) $(UPGRADE) --extra heic -c requirements/runtime.txt -o requirements/heic.txt
	$(LOCK) $(UPGRADE) --extra duckdb -c requirements/runtime.txt -o requirements/duckdb.txt
	$(LOCK) $(UPGRADE) --extra spark -c requirements/runtime.txt -o requirements/spark.txt
	$(LOCK) $(UPGRADE) --group dev -c requirements/runtime.txt -o requirements/dev.txt

clean: ## remove the environment and all caches; runs/ stays
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps make the installation happen only when a requirement file has changed.
$(VENV)/.runtime: requirements/runtime.txt pyproject.toml | $(BIN)/pip
	@echo "installing the requirements into $(VENV), about a minute"
	@$(PIP) --require-hashes -r requirements/runtime.txt
	@$(INSTALL_SELF)
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(BIN)/pip
	@echo "installing the requirements and the developers' tools into $(VENV), about a minute"
	@$(PIP) --require-hashes -r requirements/dev.txt
	@$(INSTALL_SELF)
	@touch $(VENV)/.runtime $@ # dev.txt holds all of runtime.txt

$(BIN)/pip:
	@for python in $(PYTHON) $(PYTHONS); do \
	  $$python -c '$(IS_FIT)' 2>/dev/null || continue; \
	  echo "making $(VENV) with $$($$python --version)"; \
	  exec $$python -m venv $(VENV); \
	done; \
	echo "No Python 3.11, 3.12 or 3.13 with its venv module was found (tried: $(strip $(PYTHON) $(PYTHONS)))." >&2; \
	echo "Debian, Ubuntu: apt-get install python3 python3-venv      macOS: brew install python@3.13" >&2; \
	echo "Or name one:    make PYTHON=/path/to/python3.12 $(or $(MAKECMDGOALS),demo)" >&2; \
	exit 1
