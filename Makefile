# `make demo` and `make test` do all the set-up on a machine with Python 3.11 and make.
PYTHON ?= python3
BIN := .venv/bin
CHECKED := gemel tests benchmarks examples docs tools

.PHONY: help install demo serve docs docs-pages browser test test-all check types style clean

help:
	@echo "make demo      a tour of two minutes: compare, find duplicates, check, train, measure"
	@echo "make serve     the page on the sample: check, duplicates, review, model"
	@echo "make docs      the manual, as site/index.html"
	@echo "make test      all checks and the fast tests"
	@echo "make test-all  the slow tests too, also the wheel in clean environments"

# A change of these files installs again.
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

# Types take longer than all others together: run in parallel.
IN_PARALLEL := $(MAKE) --no-print-directory --jobs 2 --output-sync types style

check: install
	@$(IN_PARALLEL)

types: install
	$(BIN)/mypy

style: install
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile
	$(BIN)/python tools/plain_words.py
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec compose.yaml

# The page is tested in a real browser; as root on Debian or Ubuntu a missing one is installed.
browser:
	@command -v chromium > /dev/null || if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; \
	then apt-get update --quiet=2 && apt-get install --quiet=2 --yes chromium > /dev/null; \
	else echo "no chromium: tests of the page are skipped; install it to run them" >&2; fi

# Two processes, one thread each.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist loadfile

test: install
	@$(IN_PARALLEL) browser
	$(PYTEST) -m "not slow"

test-all: install
	@$(IN_PARALLEL) browser
	$(PYTEST) --cov --cov-fail-under=95

# The page, with the model and the sample that ship.
serve: install
	@test -e serve/site.db || { $(BIN)/gemel sample --out serve/sample > /dev/null \
		&& $(BIN)/gemel index serve/sample/questions.txt --db serve/site.db; }
	@$(BIN)/gemel serve --db serve/site.db

# Generated pages of the manual, and the manual as a site.
docs-pages: install
	@$(BIN)/python docs/render.py pages

docs: install
	@rm -rf site
	@$(BIN)/python docs/render.py site site

clean:
	rm -rf .venv demo serve site
