# `make demo` and `make test` do all the set-up on a machine with Python 3.11 and make.
PYTHON ?= python3
BIN := .venv/bin
CHECKED := gemel tests benchmarks examples

.PHONY: help install demo test test-all check clean

help:
	@echo "make demo      the first three minutes: train on the help-desk sample, measure, compare"
	@echo "make test      every check"
	@echo "make test-all  and the slow tests"

# The stamp is as old as what it was made from: a changed pyproject.toml installs again.
install: .venv/installed
.venv/installed: pyproject.toml constraints.txt hatch_build.py $(wildcard gemel/compiled/*.[ch])
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/pip install --quiet --constraint constraints.txt torch
	$(BIN)/pip install --quiet --constraint constraints.txt --group test --editable ".[train]"
	touch $@

demo: install
	@rm -rf demo
	@PATH="$(CURDIR)/$(BIN):$$PATH" examples/demo.sh demo
	@echo "# To type these commands yourself, first: . $(BIN)/activate"

check: install
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check
	$(BIN)/pytest -m "not slow" --cov

test-all: check
	$(BIN)/pytest --cov

clean:
	rm -rf .venv demo
