# Needs Python 3.11 or later and make; everything else goes into .venv, which `make` keeps up to date.

.DEFAULT_GOAL := help
.PHONY: images help run frontend dev test lint types imports fmt unit faults soak fuzz properties insights-cases web e2e chromium api-types bench bench-servers bench-similar bench-live bench-ui audit sbom licences clean reset

BIN := .venv/bin
PACKAGES := issue_insight plugins
INSTALLED := .venv/.installed
# Node comes with the virtual environment: none is needed on the machine.
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm --prefix frontend --no-audit --no-fund
MODULES := frontend/node_modules/.package-lock.json
BUILT := frontend/build/index.html
SOURCES := $(shell find frontend/src frontend/static -type f 2>/dev/null) \
    $(addprefix frontend/,package.json svelte.config.js vite.config.ts tsconfig.json)
API_TYPES := frontend/src/lib/api/schema.d.ts

help: ## Explain every target
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'
	@echo
	@echo '  For run: PORT=8181 and DATA_DIR=.data say where, DEMO=0 leaves the demo project out,'
	@echo '  DATABASE_URL and S3_ENDPOINT use servers of your own. For unit: ARGS="-k words".'

run: $(INSTALLED) $(BUILT) ## Set everything up and serve it on http://127.0.0.1:8181; Ctrl-C stops it
	@exec $(BIN)/python -m issue_insight.run

frontend: $(BUILT) ## Build the frontend, where its sources have changed

dev: $(MODULES) ## Serve the frontend from its sources, beside a running `make run` (BACKEND=http://...)
	$(NPM) run dev

test: lint types imports unit web e2e ## Everything that must hold: style, types, imports, tests with coverage

lint: $(INSTALLED) ## Look for mistakes and for code that is not in the common format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(INSTALLED) ## Check the types of both packages, strictly
	$(BIN)/mypy

imports: $(INSTALLED) ## Check that imports only go the way they should
	$(BIN)/lint-imports

unit: $(INSTALLED) ## Run the tests on a real PostgreSQL and S3, and print the coverage
	$(BIN)/python -m pytest --ignore tests/e2e -n 2 --dist loadscope --cov=issue_insight --cov=plugins --cov-report=term:skip-covered $(if $(ARGS),$(ARGS),--cov-fail-under=95)

faults: $(INSTALLED) ## Kill, cut off and fill up what it stands on, amid 200 writes a second; print figures (WRITES=2000, RATE=200)
	WRITES=$(or $(WRITES),2000) RATE=$(or $(RATE),200) $(BIN)/python -m pytest -n 0 -rP --show-capture=stdout $(ARGS) tests/system/test_killed.py \
	    tests/system/test_database_away.py tests/system/test_files_away.py tests/system/test_clock_and_bounds.py

soak: $(INSTALLED) ## A mixed load for MINUTES=30: no 5xx, no memory that grows
	$(BIN)/python bench/soak.py --minutes $(or $(MINUTES),30) $(ARGS)

fuzz: $(INSTALLED) ## Send many made-up requests to every operation; EXAMPLES=300 of each kind, over 50,000 in all
	EXAMPLES=$(or $(EXAMPLES),300) SEED=$(or $(SEED),$$(date +%s)) $(BIN)/python -m pytest -n 2 -rP --show-capture=stdout tests/system/test_contract.py

insights-cases: $(INSTALLED) ## Recount 10,000 random questions to metrics by hand, and open every number (CASES=, SEED=)
	CASES=$(or $(CASES),10000) SEED=$(or $(SEED),2026) $(BIN)/python -m pytest -n 0 -s tests/plugins/insights/test_random_cases.py

properties: $(INSTALLED) ## Run the tests on random input with PROPERTIES=1000 examples each
	PROPERTIES=$(or $(PROPERTIES),1000) $(BIN)/python -m pytest -n 2 -m hypothesis --ignore tests/e2e $(ARGS)

web: $(MODULES) ## Check the frontend: types of the API, types, style, tests
	@made=$$(mktemp -d) && trap 'rm -rf "$$made"' EXIT && $(MAKE) --no-print-directory --silent \
	    api-types API_TYPES="$$made/schema.d.ts" && cmp -s "$$made/schema.d.ts" $(API_TYPES) \
	    || { echo 'error: $(API_TYPES) is not what the API says: run make api-types.' >&2; exit 1; }
	$(NPM) run --silent check
	$(NPM) run --silent lint
	$(NPM) run --silent test

e2e: $(INSTALLED) $(BUILT) chromium ## Use the built frontend in a real Chromium as several people at once
	$(BIN)/python -m pytest tests/e2e $(ARGS)

# CHROMIUM=path names another; on Debian and its kind root can install it.
chromium: ## Install Chromium where none is there
	@if [ -n "$$CHROMIUM" ] || command -v chromium google-chrome > /dev/null; then :; \
	elif command -v apt-get > /dev/null && [ "$$(id -u)" = 0 ]; then \
	    echo 'Installing Chromium.'; \
	    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes chromium; } > /dev/null; \
	else \
	    echo 'error: Chromium is needed (on Debian: sudo apt-get install chromium), or CHROMIUM=path.' >&2; exit 1; \
	fi

api-types: $(MODULES) ## Write the frontend's types of the API from its OpenAPI document
	@made=$$(mktemp -d) && trap 'rm -rf "$$made"' EXIT && \
	DATA_DIR="$$made" ENVIRONMENT=development LOCAL_SIGN_IN=1 $(BIN)/flask --app wsgi openapi \
	    > "$$made/openapi.json" && \
	PATH="$(CURDIR)/$(BIN):$$PATH" frontend/node_modules/.bin/openapi-typescript \
	    "$$made/openapi.json" --output "$(abspath $(API_TYPES))" --alphabetize --default-non-nullable false > /dev/null

fmt: $(INSTALLED) $(MODULES) ## Bring the code into the common format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(NPM) run --silent fmt

images: $(INSTALLED) ## Run every command of the Dockerfile in a bare directory, without an engine
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python scripts/bare_build.py

bench: $(INSTALLED) ## Load and measure 1,000,000 issues (SIZE=50000 for fewer, REUSE=1 keeps them, ARGS=--help)
	@$(BIN)/python -m bench.run $(ARGS)

bench-servers: $(INSTALLED) ## Measure WSGI servers against each other (installs those that are not used)
	$(BIN)/pip install --quiet --disable-pip-version-check 'gunicorn>=23' 'gevent>=25'
	$(BIN)/python bench/servers.py

bench-live: $(INSTALLED) ## Measure live updates: delivery to 1,000 streams, memory of each (ARGS=--help)
	$(BIN)/python bench/live.py $(ARGS)

bench-ui: $(INSTALLED) $(BUILT) chromium ## Measure the list in Chromium: scrolling, keys, first load, Lighthouse (SIZE=100000, ARGS=--help)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m bench.ui $(ARGS)

bench-similar: $(INSTALLED) ## Measure the search for similar issues: how many duplicates it finds, how fast (SIZE=100000)
	$(BIN)/python bench/similar.py

AUDIT := .venv/audit/.installed

audit: $(INSTALLED) $(AUDIT) ## Look for known faults in what is installed; says so where it cannot look
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python .ci/audit.py

sbom: $(INSTALLED) $(AUDIT) ## Write what is installed as CycloneDX: build/sbom-python.json, build/sbom-frontend.json
	@mkdir -p build
	@.venv/audit/bin/cyclonedx-py environment $(BIN)/python --output-reproducible \
	    --of JSON -o build/sbom-python.json 2> /dev/null
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm --prefix frontend sbom --package-lock-only --sbom-format cyclonedx 2> /dev/null > build/sbom-frontend.json
	@ls -l build/sbom-*.json

licences: $(INSTALLED) ## Write docs/licences.md anew from what is installed
	@$(BIN)/python .ci/licences.py > docs/licences.md

# In an environment of its own: what looks is not a part of what is looked at.
$(AUDIT): $(INSTALLED)
	@$(BIN)/python -m venv .venv/audit
	@.venv/audit/bin/pip install --quiet --disable-pip-version-check 'pip-audit>=2.10,<3' 'cyclonedx-bom>=7,<8'
	@touch $@

clean: ## Remove what was installed and what tools left behind; keep the data
	rm -rf frontend/node_modules frontend/build frontend/.svelte-kit
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage* build *.egg-info
	find $(PACKAGES) migrations tests -name __pycache__ -type d -prune -exec rm -rf {} +

reset: ## Remove all data of the local instance (asks first)
	@printf 'Remove %s and everything in it? [y/N] ' "$${DATA_DIR:-.data}"; read answer; \
	[ "$$answer" = y ] && rm -rf "$${DATA_DIR:-.data}" || echo 'Nothing was removed.'

$(MODULES): frontend/package.json frontend/package-lock.json | $(INSTALLED)
	@echo 'Installing what the frontend is built with.'
	@cd frontend && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(BUILT): $(SOURCES) $(MODULES)
	@echo 'Building the frontend.'
	@$(NPM) run --silent build > frontend/.build.log 2>&1 || { cat frontend/.build.log >&2; exit 1; }
	@touch $@

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
