# What a person does with a checkout. Needs git, make and Python 3.11, 3.12 or 3.13; everything else is put into .venv.
#
# PYTHON=/path/to/python      the interpreter .venv is made with
# PYTEST_ARGS="-q"            what pytest is given
# BENCH_ARGS="--size 100k"    what the benchmark is given
# MUTANTS_ARGS="tasks.limits*" which mutants `make mutants` tries; without it, those not tried yet
# YEAR_ARGS="--seed 8"        what the year is given
# SOAK_ARGS="--seed 5000"     what the soak is given, besides HOURS
# ERP=xero                    the ERP of the demo, the year and the benchmark; `make demo ERP=all` shows each
# UP_ARGS="--erp xero"         what `make up` is given; without it, every ERP of the sandbox
# LOCK_ARGS=--upgrade         `make lock` takes newer versions; without it, it keeps the pins that still fit

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
LOCK_VENV := .venv-lock
MUTANTS_VENV := .venv-mutants
UV_VERSION := >=0.9,<1

PYTHON ?=
PYTEST_ARGS ?= -q -n auto --dist loadfile --no-loadscope-reorder
BENCH_ARGS ?= --size 10k
MUTANTS_ARGS ?=
YEAR_ARGS ?=
LOCK_ARGS ?=
UP_ARGS ?=
SOAK_ARGS ?=
ERP ?= quickbooks_online

# Packages that are still to come are left out, not complained about.
TYPED := $(wildcard cli listener flows tasks expectations connectors paidsync sandbox)

export PIP_DISABLE_PIP_VERSION_CHECK := 1
PIP_INSTALL = $(BIN)/python -m pip install -qq --no-input --no-compile

FITS = import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

# Sets the shell variable `python` to the first interpreter that fits, or stops with a sentence.
define find_python
python=; \
for candidate in $(or $(PYTHON),python3 python3.13 python3.12 python3.11); do \
  if "$$candidate" -c "$(FITS)" >/dev/null 2>&1; then python=$$candidate; break; fi; \
done; \
if [ -z "$$python" ]; then \
  echo "PaidSync needs Python 3.11, 3.12 or 3.13 with its venv module (Debian: apt install python3-venv); looked for $(or $(PYTHON),python3 python3.13 python3.12 python3.11)." >&2; \
  exit 1; \
fi
endef

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: $(VENV)/.ready ## Payments from an ERP to Procore, start to end, against local stand-ins for both
	@$(BIN)/python -m sandbox.demo --erp $(ERP)

.PHONY: up
up: $(VENV)/.ready ## Everything on this machine, to try by hand: Prefect with a login, worker, deployments, stand-ins
	@$(BIN)/python -m sandbox.up $(UP_ARGS)

.PHONY: down
down: ## End what `make up` started
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m sandbox.up --down; fi

# Hundreds of small databases: where memory is plenty they are kept there, and thrown away if all is well.
MEMORY = $(shell df -k /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 4194304 { print "/dev/shm" }')

.PHONY: test
test: $(VENV)/.ready ## All tests but those of `make crash` and `make browser`
	@if [ -n "$(MEMORY)" ]; then export PYTEST_DEBUG_TEMPROOT=$$(mktemp -d -p "$(MEMORY)" paidsync-tests-XXXXXX); fi; \
	$(BIN)/python -m pytest $(PYTEST_ARGS) --ignore tests/browser --ignore tests/crash || exit $$?; \
	rm -rf "$$PYTEST_DEBUG_TEMPROOT"

.PHONY: browser
browser: $(VENV)/.ready ## All that `make up` starts, and the Prefect UI in a real browser (needs Chromium)
	@$(BIN)/python -m pytest -q -rs tests/browser

.PHONY: rules
rules: $(VENV)/.ready ## Every rule of money with the tests that bear its number, and whether they pass
	@$(BIN)/python -m tests.rule_table $(PYTEST_ARGS)

.PHONY: crash
crash: $(VENV)/.ready ## Clients killed before and after each request that they make, frozen at each write, runs cut short
	@$(BIN)/python -m pytest -q tests/crash --both-ways --erp $(ERP)

.PHONY: soak
soak: $(VENV)/.ready ## Random histories with faults, each compared with the truth (45 minutes; HOURS=2)
	@$(BIN)/python -m tests.histories.soak $(SOAK_ARGS)

.PHONY: breakages
breakages: $(VENV)/.ready ## The product broken on purpose in a dozen places, and which test notices (docs/reliability.md)
	@$(BIN)/python -m tests.breakages

.PHONY: lint
lint: $(VENV)/.ready ## Style, format, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy $(TYPED)
	@$(BIN)/lint-imports --no-logo

.PHONY: lock
lock: $(LOCK_VENV)/.ready ## Rebuild locks/ from pyproject.toml (LOCK_ARGS=--upgrade for newer versions)
	@mkdir -p locks
	@$(call compile,app,)
	@$(call compile,scale,--group scale --constraints locks/app.txt)
	@$(call compile,dev,--group dev --constraints locks/app.txt)
	@$(call compile,bench,--group dev --group bench --constraints locks/dev.txt)
	@$(call compile,mutation,--group dev --group mutation --constraints locks/dev.txt)
	@grep -c '^[a-z0-9]' locks/app.txt locks/scale.txt locks/dev.txt locks/bench.txt locks/mutation.txt

compile = $(LOCK_VENV)/bin/uv pip compile pyproject.toml $(2) --quiet --universal --python-version 3.11 \
	--generate-hashes --custom-compile-command 'make lock' $(LOCK_ARGS) --output-file locks/$(1).txt

.PHONY: bench
bench: $(VENV)/.bench ## How long a sync takes and what it needs (BENCH_ARGS="--size 100k")
	@$(BIN)/python -m benchmarks.sync --erp $(ERP) $(BENCH_ARGS)

.PHONY: mutants
mutants: $(MUTANTS_VENV)/.ready ## Whether the tests of the rules notice errors put into match and plan (an hour; docs/mutation.md)
	@PATH="$(CURDIR)/$(MUTANTS_VENV)/bin:$$PATH" CI=true nice -n 10 mutmut run --max-children 1 $(MUTANTS_ARGS)
	@PATH="$(CURDIR)/$(MUTANTS_VENV)/bin:$$PATH" mutmut results --all true | \
	  awk -F '[.: ]+' '{ print "tasks/" $$3 ".py: " $$5, $$6 }' | sort | uniq -c

.PHONY: year
year: $(VENV)/.ready ## A year of the invented company, compared with the truth after every sync (YEAR_ARGS="--days 30")
	@$(BIN)/python -m benchmarks.year --erp $(ERP) $(YEAR_ARGS)

.PHONY: clean
clean: ## Remove .venv and everything that was built; the ledger and the evidence stay
	@rm -rf $(VENV) $(LOCK_VENV) $(MUTANTS_VENV) mutants *.egg-info build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

# The locked packages. An interpreter in .venv that fits is kept.
$(VENV)/.locked: locks/dev.txt
	@if ! $(BIN)/python -c "$(FITS)" >/dev/null 2>&1; then \
	  $(find_python); \
	  "$$python" -m venv --clear $(VENV); \
	fi
	@echo "Installing the locked packages into $(VENV) (about half a minute)"
	@$(PIP_INSTALL) --require-hashes --no-deps -r locks/dev.txt
	@touch $@

# The checkout itself, so that $(BIN)/paidsync exists.
$(VENV)/.ready: $(VENV)/.locked pyproject.toml
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.bench: $(VENV)/.ready locks/bench.txt
	@$(PIP_INSTALL) --require-hashes --no-deps -r locks/bench.txt
	@touch $@

$(MUTANTS_VENV)/.ready: locks/mutation.txt
	@$(find_python); "$$python" -m venv --clear $(MUTANTS_VENV)
	@$(MUTANTS_VENV)/bin/python -m pip install -qq --no-input --no-compile --require-hashes --no-deps -r locks/mutation.txt
	@touch $@

$(LOCK_VENV)/.ready:
	@$(find_python); "$$python" -m venv --clear $(LOCK_VENV)
	@$(LOCK_VENV)/bin/python -m pip install -qq --no-input 'uv$(UV_VERSION)'
	@touch $@
