# `make demo` and `make test` do all the set-up on a machine with Python 3.11 and make.
PYTHON ?= python3
BIN := .venv/bin
CHECKED := gemel tests benchmarks examples docs

.PHONY: help install demo serve docs docs-pages browser test test-all check types style clean

help:
	@echo "make demo      the first three minutes: train on the help-desk sample, measure, compare"
	@echo "make serve     a page on the sample: asked before? duplicates, review, the model"
	@echo "make docs      the manual, as site/index.html"
	@echo "make test      every check"
	@echo "make test-all  and the slow tests: also the wheel in clean environments"

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

# Types take longer than all else together: side by side.
SIDE_BY_SIDE := $(MAKE) --no-print-directory --jobs 2 --output-sync types style

check: install
	@$(SIDE_BY_SIDE)

types: install
	$(BIN)/mypy

style: install
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec compose.yaml

# The page is tested in a real browser: as root on Debian or Ubuntu it is installed if it is missing.
browser:
	@command -v chromium > /dev/null || if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; \
	then apt-get update --quiet=2 && apt-get install --quiet=2 --yes chromium > /dev/null; \
	else echo "no chromium: the tests of the page are left out; install it to run them" >&2; fi

# Two at a time, a file each; more compute threads than cores would ruin each other.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist loadfile --cov

test: install
	@$(SIDE_BY_SIDE) browser
	$(PYTEST) -m "not slow"

test-all: install
	@$(SIDE_BY_SIDE) browser
	$(PYTEST)

# The page, on the model and the sample that ship.
serve: install
	@test -e serve/site.db || { $(BIN)/gemel sample --out serve/sample > /dev/null \
		&& $(BIN)/gemel index serve/sample/questions.txt --db serve/site.db; }
	@$(BIN)/gemel serve --db serve/site.db

# The pages that come from code and measurements, and the manual of all pages.
docs-pages: install
	@$(BIN)/python docs/render.py pages

docs: install
	@rm -rf site
	@$(BIN)/python docs/render.py site site

clean:
	rm -rf .venv demo serve site
