# Two commands are enough on a fresh machine with Python 3.11 or newer: `make run` and `make test`.
# Both make their own virtual environment in .venv and install into it only when the requirements changed.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?=
ADDRESS ?= 127.0.0.1
PORT ?= 8501
WORKERS ?= auto
STREAMLIT = $(BIN)/streamlit run app.py --server.address=$(ADDRESS) --server.port=$(PORT)

##@ Use

run: $(VENV)/.run ## Start the product on http://127.0.0.1:8501, with demo data in an empty store (ADDRESS=, PORT=)
	@echo "Pulseboard starts on http://$(ADDRESS):$(PORT). Stop it with Ctrl-C."
	@PULSEBOARD_DEMO=1 $(STREAMLIT)

demo: $(VENV)/.run ## The same on a throw-away store of its own, so that yours stays as it is
	@mkdir -p data
	@rm -f data/demo.db data/demo.db-wal data/demo.db-shm
	@PULSEBOARD_DEMO=1 PULSEBOARD_DATA=data/demo.db $(STREAMLIT)

##@ Develop

dev: $(VENV)/.dev ## Start the product with the simulator running
	@PULSEBOARD_DEMO=1 PULSEBOARD_SIMULATE=1 LOG_LEVEL=DEBUG $(STREAMLIT)

# A browser beside another one may be late: what fails there is tried once more, and the summary says how it failed.
test: $(VENV)/.dev ## The whole test suite; the browser tests need Chromium
	$(BIN)/python -m pytest -q -m "not browser and not servers and not bench" -n $(WORKERS) --dist loadfile
	$(BIN)/python -m pytest -q -m "browser and not bench" -n $(WORKERS) --dist loadfile --reruns 1 --rerun-show-tracebacks

quick: $(VENV)/.dev ## The tests without the slow ones and the browser
	$(BIN)/python -m pytest -q -m "not slow and not browser and not servers and not bench" -n $(WORKERS) --dist loadfile

stores: $(VENV)/.stores ## The store suite and the tests of trouble on real database servers, which it starts itself
	STORES=1 $(BIN)/python -m pytest -q -m "stores or servers" -n $(WORKERS) --dist loadfile

check: $(VENV)/.dev ## Lint, types, floors and the promises of the documents
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/docs

bench: $(VENV)/.dev ## Every benchmark, each with its ratio and its target
	$(BIN)/python -m benchmarks all

docs: $(VENV)/.dev ## Write the tables of docs/ and the palette of the pages from the code
	$(BIN)/python -m tests.docs.write
	$(BIN)/python -m tests.widgets.write

clean: ## Remove the virtual environment and what the tools keep; the data stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help:
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# A Python is taken when it starts, is new enough, and can make a virtual environment.
$(BIN)/python:
	@set -e; for python in $(PYTHON) python3.13 python3.12 python3.11 python3 python; do \
	  if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    echo "Making $(VENV) with $$($$python --version)"; \
	    rm -rf $(VENV); \
	    $$python -m venv $(VENV); \
	    exit 0; \
	  fi; \
	done; \
	echo "No Python 3.11 or newer that can make a virtual environment was found." >&2; \
	echo "Install one (on Debian: apt-get install python3 python3-venv), or name it: make PYTHON=/path/to/python" >&2; \
	exit 1

$(VENV)/.run: requirements.txt | $(BIN)/python
	@echo "Installing what $< names; the first time this takes a minute or two."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt requirements.txt | $(BIN)/python
	@echo "Installing what $< names; the first time this takes a minute or two."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $(VENV)/.run $@

$(VENV)/.stores: requirements-stores.txt $(VENV)/.dev
	@echo "Installing the database servers that $< names."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-stores.txt
	@touch $@

.PHONY: run demo dev test quick stores check bench docs clean help
