# Needs Python 3.11 or later and make; everything else goes into .venv, which `make` keeps up to date.

.DEFAULT_GOAL := help
.PHONY: help run test lint types imports fmt unit fuzz bench clean reset

BIN := .venv/bin
PACKAGES := issue_insight plugins
INSTALLED := .venv/.installed

help: ## Explain every target
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'
	@echo
	@echo '  For run: PORT=8181 and DATA_DIR=.data say where, DEMO=0 leaves the demo project out,'
	@echo '  DATABASE_URL and S3_ENDPOINT use servers of your own. For unit: ARGS="-k words".'

run: $(INSTALLED) ## Set everything up and serve it on http://127.0.0.1:8181; Ctrl-C stops it
	@exec $(BIN)/python -m issue_insight.run

test: lint types imports unit ## Everything that must hold: style, types, imports, tests with coverage

lint: $(INSTALLED) ## Look for mistakes and for code that is not in the common format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(INSTALLED) ## Check the types of both packages, strictly
	$(BIN)/mypy

imports: $(INSTALLED) ## Check that imports only go the way they should
	$(BIN)/lint-imports

unit: $(INSTALLED) ## Run the tests on a real PostgreSQL and S3, and print the coverage
	$(BIN)/python -m pytest -n 2 --dist loadscope --cov=issue_insight --cov=plugins --cov-report=term:skip-covered $(if $(ARGS),$(ARGS),--cov-fail-under=95)

fuzz: $(INSTALLED) ## Send many made-up requests to every operation; EXAMPLES=200 of each kind
	EXAMPLES=$(or $(EXAMPLES),200) $(BIN)/python -m pytest -n 2 tests/system/test_contract.py

fmt: $(INSTALLED) ## Bring the code into the common format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(INSTALLED) ## Measure WSGI servers against each other (installs those that are not used)
	$(BIN)/pip install --quiet --disable-pip-version-check 'gunicorn>=23' 'gevent>=25'
	$(BIN)/python bench/servers.py

clean: ## Remove what was installed and what tools left behind; keep the data
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage* build *.egg-info
	find $(PACKAGES) migrations tests -name __pycache__ -type d -prune -exec rm -rf {} +

reset: ## Remove all data of the local instance (asks first)
	@printf 'Remove %s and everything in it? [y/N] ' "$${DATA_DIR:-.data}"; read answer; \
	[ "$$answer" = y ] && rm -rf "$${DATA_DIR:-.data}" || echo 'Nothing was removed.'

$(INSTALLED): setup.cfg pyproject.toml
	@for python in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        found=$$python; break; \
	    fi; \
	done; \
	if [ -z "$$found" ]; then echo 'error: Python 3.11 or later is needed.' >&2; exit 1; fi; \
	if [ ! -x $(BIN)/python ]; then \
	    echo "Making .venv with $$("$$found" --version)."; \
	    "$$found" -m venv .venv || { rm -rf .venv; \
	        echo 'error: This Python cannot make a virtual environment (on Debian: apt install python3-venv).' >&2; exit 1; }; \
	fi
	@echo 'Installing what is needed; the first time takes a few minutes.'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[embedded,dev]'
	@touch $@
