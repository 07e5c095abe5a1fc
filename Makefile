# Every target works on a fresh machine that has make and Python 3.11 or newer: the virtual environment is made here.
#
# Three things may be set:  make up ARGS="--port 8200"    arguments for the command behind the target
#                           make test PYTHON=python3.12   the interpreter .venv is made with
#                           make test UV=                 do it with pip although uv is there

SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:
.DELETE_ON_ERROR:
.PHONY: help demo up test faults fuzz bench lint format lock clean remake

ARGS ?=
FUZZ ?= 500
PYTHON ?=
UV ?= $(shell command -v uv 2>/dev/null)

VENV := .venv
BIN := $(VENV)/bin
# Stamps, in the order they are made. Each is newer than what it was made from, so a changed lock installs again and
# an unchanged one costs nothing. They form one chain, because two installers in one environment break each other.
MADE := $(VENV)/.made
RUNTIME := $(VENV)/.runtime
PROJECT := $(VENV)/.project
DEVELOPMENT := $(VENV)/.development

INSTALL = $(if $(UV),"$(UV)" pip install --quiet --python $(BIN)/python,$(BIN)/python -m pip install --quiet --disable-pip-version-check)
COMPILE = "$(UV)" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header $(ARGS) \
	--extra embedded --extra postgres pyproject.toml

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

demo: $(PROJECT) ## Watch a small shop's customers live through all journeys, on a fast clock
	@exec $(BIN)/segue demo $(ARGS)

up: $(PROJECT) ## Run Temporal, worker, collector, inbox and a database file here
	@exec $(BIN)/segue up $(ARGS)

test: lint ## Everything CI checks: lint, types, layers, journeys, tests
	$(BIN)/segue check
	$(BIN)/pytest $(ARGS)

faults: $(DEVELOPMENT) ## Kill every process under load; ARGS="--seed 7 --kills 200"
	$(BIN)/python -m tests.faults $(ARGS)

fuzz: $(DEVELOPMENT) ## Try the doors with requests nobody thought of; FUZZ=500 examples for each
	FUZZ=$(FUZZ) $(BIN)/pytest -q --hypothesis-profile=explore tests/fuzz $(ARGS)

bench: $(DEVELOPMENT) ## Measure, as ratios within one run
	$(BIN)/python -m benchmarks.collector
	$(BIN)/python -m benchmarks.rehearsal

lint: $(DEVELOPMENT) ## Style, format, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports

format: $(DEVELOPMENT) ## Rewrite the code as ruff wants it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## Resolve the locked requirements again (needs uv; ARGS=--upgrade for newer versions)
	@test -n "$(UV)" || { echo "make lock needs uv: https://docs.astral.sh/uv/" >&2; exit 1; }
	$(COMPILE) --group build --output-file requirements/runtime.txt
	$(COMPILE) --group dev --constraint requirements/runtime.txt --output-file requirements/development.txt

clean: ## Remove the environment and all caches; your data in .segue/ stays
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An interpreter counts only if it runs: version managers leave names on PATH that fail when called. pip's way also
# needs ensurepip, which Debian and Ubuntu keep in a package of its own.
# An environment somebody else made here is kept, if its Python is new enough; one whose Python has gone is made anew.
$(MADE): $(if $(shell test -x $(BIN)/python && echo runs),,remake)
	@if $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then touch $@; exit 0; fi; \
	found=; old=; bare=; \
	for candidate in $(if $(PYTHON),"$(PYTHON)",python3 python3.13 python3.12 python3.11 python3.14 python); do \
		"$$candidate" -c '' >/dev/null 2>&1 || continue; \
		"$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { old="$$old $$candidate"; continue; }; \
		$(if $(UV),,"$$candidate" -c 'import venv, ensurepip' >/dev/null 2>&1 || { bare="$$bare $$candidate"; continue; };) \
		found=$$candidate; break; \
	done; \
	if [ -n "$$found" ]; then \
		echo "Making $(VENV) with $$found"; \
	elif [ -n "$$bare" ]; then \
		echo "Python is here ($${bare# }), but it cannot make virtual environments: the modules venv and ensurepip are missing." >&2; \
		echo "On Debian or Ubuntu: sudo apt-get install python3-venv   Elsewhere: install uv, or a complete Python 3.11+." >&2; exit 1; \
	elif [ -n "$$old" ]; then \
		echo "Segue needs Python 3.11 or newer; $${old# } is older. Install one, or name it: make PYTHON=/path/to/python3.12 …" >&2; exit 1; \
	else \
		echo "No working Python found$(if $(PYTHON), at $(PYTHON)). Segue needs Python 3.11 or newer: https://www.python.org/downloads/" >&2; exit 1; \
	fi; \
	rm -rf $(VENV); \
	$(if $(UV),"$(UV)" venv --quiet --python "$$(command -v "$$found")" $(VENV),"$$found" -m venv $(VENV)) && touch $@

$(RUNTIME): requirements/runtime.txt $(MADE)
	@$(if $(UV),,$(BIN)/python -m pip --version >/dev/null 2>&1 || { echo "$(VENV) was made by uv and has no pip: run make clean first." >&2; exit 1; };)
	@echo "Installing $<"
	@$(INSTALL) --require-hashes -r $< && touch $@

# The project itself, editable; its build tools are in the lock, so nothing outside it is fetched.
$(PROJECT): pyproject.toml $(RUNTIME)
	@$(INSTALL) --no-deps --no-build-isolation --editable . && touch $@

# Order only: a changed lock of the runtime does not by itself change what development adds.
$(DEVELOPMENT): requirements/development.txt | $(PROJECT)
	@echo "Installing $<"
	@$(INSTALL) --require-hashes -r $< && touch $@
