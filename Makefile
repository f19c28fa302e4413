# Regulars needs git, make and Python 3.11 or newer. `make` lists the targets.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
LANGUAGES := hi mr te ml hy

# Compiled files are kept whatever the shell says: installing leaves them to the first start, and the second is quick.
unexport PYTHONDONTWRITEBYTECODE

# One stamp per step: a step is repeated when what it stands on has changed.
RUN := .venv/.installed-run
PACKAGE := .venv/.installed-package
DEV := .venv/.installed-dev
TOOLS := tools/node_modules/.installed
ASSETS := assets/node_modules/.installed

# The gates read the settings; they must neither find nor leave anything in the data folder of the person at the keyboard.
GATE := REGULARS_HOME=$(CURDIR)/var/check DATABASE_URL= DJANGO_SETTINGS_MODULE=regulars.site.settings
DJANGO := $(GATE) $(CURDIR)/$(BIN)/python -m django

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help env dev node-tools demo test check proof bench coverage format requirements assets messages clean
.PHONY: check-format check-lint check-types check-imports check-dependencies check-dead-code check-duplicates \
	check-migrations check-tidy

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

# ---- the environment

$(RUN): requirements/run.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Regulars needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "Regulars needs Python's venv module (on Debian: apt-get install python3-venv)."; exit 1; }
	@echo "installing what Regulars runs on (once, about a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) install --no-compile --require-hashes --no-deps -r $<
	@touch $@

$(PACKAGE): pyproject.toml $(RUN)
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): requirements/dev.txt $(PACKAGE)
	@echo "installing what tests and checks need"
	@$(PIP) install --no-compile --require-hashes --no-deps -r $<
	@touch $@

# Not `npm ci`: it refuses a lock file that was written where the packages of other platforms were not to be had.
$(TOOLS) $(ASSETS): %/node_modules/.installed: %/package-lock.json
	@npm --prefix $* install --no-save --silent --no-audit --no-fund
	@touch $@

env: $(PACKAGE) ## install what Regulars runs on

dev: $(DEV) ## the same, and what tests and checks need

node-tools: $(TOOLS) $(ASSETS) ## install what builds the assets and finds duplicated code (needs npm)

# ---- using it

demo: env ## start the demo shop at http://localhost:8000 (its data: var/demo, or REGULARS_HOME)
	@exec env REGULARS_HOME="$${REGULARS_HOME:-$(CURDIR)/var/demo}" $(BIN)/regulars demo

# ---- proving it

test: dev ## run the tests on SQLite, and on PostgreSQL and with Chromium where they are installed
	@$(BIN)/python scripts/test.py $(ARGS)

proof: dev ## run the long proofs
	@$(BIN)/python scripts/test.py tests/proof -m proof --hypothesis-profile=proof $(ARGS)

bench: dev ## measure speed against the targets
	@$(BIN)/python scripts/throwaway_postgres.py --durable $(BIN)/python -m bench $(ARGS)

coverage: dev ## run the tests on SQLite and show which lines and branches they miss
	@$(BIN)/python -m pytest -n 2 --dist loadgroup --cov --cov-report=term $(ARGS)

check: ## run every gate
check: check-format check-lint check-imports check-dependencies check-dead-code check-duplicates check-types \
	check-migrations check-tidy

check-format: dev
	@$(BIN)/ruff format --check --quiet . || { echo "make format puts this right"; exit 1; }

check-lint: dev
	@$(BIN)/ruff check --quiet .

check-types: dev
	@$(GATE) $(BIN)/mypy --no-error-summary

check-imports: dev
	@$(BIN)/lint-imports --no-logo

check-dependencies: dev
	@$(BIN)/deptry src

check-dead-code: dev
	@$(BIN)/vulture

check-duplicates:
	@if command -v npm >/dev/null; then $(MAKE) --silent $(TOOLS) && tools/node_modules/.bin/jscpd; \
		else echo "left out: duplicated code (npm is not installed)"; fi

check-migrations: dev
	@$(DJANGO) makemigrations --check --dry-run

check-tidy: dev
	@$(BIN)/python -m pytest --quiet tests/architecture

# ---- changing it

format: dev ## put layout and imports right
	@$(BIN)/ruff check --quiet --select I --fix . && $(BIN)/ruff format --quiet .

requirements: dev ## pin the dependencies again, with hashes, after a change in pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		pyproject.toml --group build --output-file requirements/run.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		pyproject.toml --group build --group dev --output-file requirements/dev.txt

assets: $(ASSETS) ## build stylesheet, scripts and icons (needs npm); the result is committed
	@npm --prefix assets run --silent build

messages: dev ## collect the texts, merge them into the catalogues and compile these (needs gettext); the result is committed
	@cd src/regulars && mkdir -p locale && \
		$(DJANGO) makemessages $(LANGUAGES:%=--locale=%) --no-obsolete --no-wrap --add-location=file && \
		find . -name '*.po' -exec sed -i '/^"POT-Creation-Date/d; /^"Report-Msgid-Bugs-To: \\n"/d' {} + && \
		$(DJANGO) compilemessages $(LANGUAGES:%=--locale=%)

clean: ## remove what was built, not the data
	@rm -rf .venv tools/node_modules assets/node_modules build dist var/check
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
