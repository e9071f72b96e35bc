# What a newcomer types. Needs Python 3.11+ and make; everything else goes into .venv, from hashed requirements.
#
# A stamp in .venv stands for each set of requirements, so that an install happens once and again when its file changes.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test check bench lock clean
MAKEFLAGS += --no-print-directory
# Tests start some hundred processes: each would compile the whole source again.
unexport PYTHONDONTWRITEBYTECODE

# The first of these that is new enough; another one: make demo PYTHON=/path/to/python3
CANDIDATES := python3 python3.13 python3.12 python3.11
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(firstword $(foreach name,$(CANDIDATES),$(shell $(name) -c '$(NEW_ENOUGH)' 2>/dev/null && echo $(name))))

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Only `make lock` uses it; what it writes is what the installs check.
UV := uv==0.13.9

help:
	@echo "make demo    the simulator and the gateway, with a demo account (Ctrl-C ends both)"
	@echo "make test    the whole test suite; ARGS='tests/unit -k paris' for a part of it"
	@echo "make check   lint, format, types, import contracts, docs"
	@echo "make bench   figures beside the limit and the naive way; 25 minutes; ARGS='--only calls' for a part, '--long' for more"
	@echo "make lock    resolve the requirements anew"
	@echo "make clean   remove .venv and what tools left behind"

# exec: the command itself gets Ctrl-C and SIGTERM, no shell stands between.
demo: .venv/.server .venv/.package
	@exec $(BIN)/passerelle demo $(ARGS)

test: .venv/.dev .venv/.package
	@$(BIN)/pytest --numprocesses 4 --dist worksteal $(ARGS)

check: .venv/.dev .venv/.package
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo importlinter.toml
	@$(BIN)/pytest --quiet tests/docs tests/unit/layout

bench: .venv/.dev .venv/.package
	@$(BIN)/python bench/run.py $(ARGS)

.venv/.python:
	@test -n "$(PYTHON)" || { echo "passerelle needs Python 3.11 or newer; none found (make PYTHON=/path/to/python3)"; exit 1; }
	@$(PYTHON) -c '$(NEW_ENOUGH)' 2>/dev/null || { echo "passerelle needs Python 3.11 or newer; $(PYTHON) is older or missing"; exit 1; }
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/.server: requirements/server.txt requirements/build.txt | .venv/.python
	@echo "installing what a gateway needs, once"
	@$(PIP) install --require-hashes -r requirements/build.txt -r requirements/server.txt
	@touch $@

.venv/.dev: requirements/dev.txt requirements/build.txt | .venv/.python
	@echo "installing what developers need, once"
	@$(PIP) install --require-hashes -r requirements/build.txt -r requirements/dev.txt
	@touch $@

# Editable: src/ is what runs. The build tool came with the requirements, so nothing is fetched here. Made after
# whichever set of requirements was asked for; the order in the target's line keeps that true.
.venv/.package: pyproject.toml requirements/build.txt | .venv/.python
	@$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

# One resolution, that of dev.txt; the smaller sets are held to it, so that all four agree.
COMPILE = .venv/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links
lock: .venv/.python
	@$(PYTHON) -m venv .venv/lock
	@.venv/lock/bin/python -m pip --disable-pip-version-check --quiet install $(UV)
	@$(COMPILE) pyproject.toml --extra server --group dev --output-file requirements/dev.txt
	@$(COMPILE) pyproject.toml --extra server --constraint requirements/dev.txt --output-file requirements/server.txt
	@$(COMPILE) pyproject.toml --constraint requirements/dev.txt --output-file requirements/client.txt
	@printf 'hatchling\neditables\n' | $(COMPILE) - --constraint requirements/dev.txt --output-file requirements/build.txt

clean:
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
