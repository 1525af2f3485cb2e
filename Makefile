PYTHON ?= python3
BIN := .venv/bin
# A worker a core, but not more than the tests can keep busy.
PYTEST := $(BIN)/pytest -n auto --maxprocesses=4 --dist=loadgroup
# What `make test` leaves out, and `make test-all` where this names it: make test-all WITHOUT="browser spark"
EXTRA := slow audit spark browser node hook site
WITHOUT ?=
space := $(subst ,, )
but = -m "not ($(subst $(space), or ,$(strip $(1))))"

# A Python that somebody names is the one that runs: .venv is not made again when another one is named.
VERSION := -c 'import sys; print(sys.version)'
ifneq ($(origin PYTHON),file)
ifneq ($(wildcard $(BIN)/python),)
ifneq ($(shell $(PYTHON) $(VERSION)),$(shell $(BIN)/python $(VERSION)))
$(error .venv is of another Python than $(PYTHON): remove .venv first)
endif
endif
endif

.PHONY: help demo test test-all peers docs generate check-generated docs-check regenerate lint type fuzz bench release
help: ## the targets
	@grep -E '^[a-z-]+:.*## ' Makefile | sed 's/:.*## /\t/' | expand -t 18

demo: .venv/.demo ## lint the requests in examples/
	@$(BIN)/refundkit check examples --isolated --fail-on never --output-format full
	@echo; echo "The findings above are expected: half of examples/ is bad on purpose. See why a rule exists, or check your own:"
	@echo "    $(BIN)/refundkit check --as walmart.refund_order_lines --order order.json refund.json"
	@echo "    $(BIN)/refundkit rule RF203"
test: .venv/.test ## the core's tests, with 100 random examples each
	$(PYTEST) $(call but,$(EXTRA))
test-all: .venv/.all peers ## every test, with 2,000 examples an operation and 20,000 histories; WITHOUT="browser spark" leaves some out
	$(PYTEST) --hypothesis-profile=all $(if $(WITHOUT),$(call but,$(WITHOUT)))
peers: .venv/.npm .venv/.wheels ## what test-all needs from outside: npm packages, wheels of ourselves
docs: .venv/.docs ## the documentation site, into build/site
	$(BIN)/python -m codegen site build
generate: .venv/.test ## specs/ -> generated/
	$(BIN)/python -m codegen generate
check-generated: .venv/.test ## fail when generated/ is not what specs/ says
	$(BIN)/python -m codegen check
docs-check: .venv/.test ## saved documentation pages against their specs: make docs-check DOCS="page.md …"
	$(BIN)/python -m codegen docs $(DOCS)
regenerate: .venv/.test ## all that a change of the docs asks for: pages if given, specs, clients, types, tests, summary
	$(if $(DOCS),$(BIN)/python -m codegen docs $(DOCS))
	$(BIN)/python -m codegen lint
	$(BIN)/python -m codegen generate
	@$(MAKE) --no-print-directory type test
	$(BIN)/python -m codegen changes HEAD
lint: .venv/.dev ## specs and code against their rules
	$(BIN)/python -m codegen lint
	$(BIN)/openapi-spec-validator specs/*.yaml
	$(BIN)/python -m refundkit.rules.page --check docs/rules.md
	$(BIN)/python -m codegen coverage --check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
type: .venv/.dev .venv/.all ## mypy --strict over everything, pyright over what users write
	$(BIN)/mypy validators/refundkit generated/refundkit_apis codegen tests
	$(BIN)/pyright
fuzz: .venv/.test ## feed random payloads and bytes to check() until interrupted: make fuzz TRIES=200000
	$(BIN)/python -m tests.fuzz $(TRIES)
bench: .venv/.bench .venv/.all ## our speed beside our peers', into bench/README.md
	$(BIN)/pytest bench --benchmark-only --benchmark-json=.bench.json
	$(BIN)/python -m bench.ratios
	$(BIN)/python -m bench.start
	$(BIN)/python -m bench.lines
	$(BIN)/python -m bench .bench.json
release: .venv/.release ## build the sdist and the wheel into dist/, check them, write the text of the tag
	$(BIN)/python .ci/release.py

# Set up once, and again when pyproject.toml or what is compiled changes: what `demo` needs to run, and what others need besides.
.venv/.demo: pyproject.toml hatch_build.py validators/refundkit/proofscan.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "refundkit needs Python 3.11 or newer: make PYTHON=python3.13"; exit 1; }
	@echo "Setting up .venv (once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@$(BIN)/python -m compileall -q validators generated # an editable install is not compiled by itself
	@touch $@
.venv/.test: .venv/.demo
	@echo "Setting up the tests (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "pip>=25.1"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group codegen --group test --editable ".[testing]"
	@touch $@
.venv/.dev: .venv/.test
	@echo "Setting up the linters (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev
	@touch $@
.venv/.docs: .venv/.test
	@echo "Setting up the documentation site (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group docs
	@touch $@
.venv/.all: .venv/.test .venv/.docs
	@echo "Setting up what every test needs (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group test-all --editable ".[audit,spark,postgres]"
	@touch $@
.venv/.release: .venv/.test
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group release
	@touch $@
.venv/.bench: .venv/.test
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group bench
	@touch $@
.venv/.npm: tests/node/package.json tests/node/package-lock.json
	@mkdir -p .venv/node
	@cp tests/node/package.json tests/node/package-lock.json .venv/node/
	@if command -v npm >/dev/null; then npm ci --prefix .venv/node --ignore-scripts --no-audit --no-fund --loglevel=error; \
	else echo "npm is not here: the tests against Prism, ajv, axe and the SARIF schema fail, but for make test-all WITHOUT=node"; fi
	@touch $@
.venv/.wheels: pyproject.toml .venv/.test
	@REFUNDKIT_PROOF=0 $(BIN)/python -m pip wheel --quiet --disable-pip-version-check --wheel-dir .venv/wheels . "hatchling>=1.27" "cython>=3.1,<4" "setuptools>=77"
	@for version in $$($(BIN)/python tests/pythons.py); do \
	  $(BIN)/python -m pip download --quiet --disable-pip-version-check --only-binary=:all: --python-version $$version \
	    --dest .venv/wheels .venv/wheels/refundkit-*.whl; \
	done
	@touch $@
