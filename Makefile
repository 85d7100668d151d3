# What a developer and CI run. `make` alone lists the targets.

PYTHON ?= python3
DEMO ?=
TESTS ?=
AT_ONCE ?= 3
FILES = $(foreach each,$(or $(TESTS),tests),$(firstword $(subst ::, ,$(each))))

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PACKAGES := pult producers stream_processors schemas sql dashboards
SYSTEM := chromium chromium-driver fonts-noto-cjk default-jre-headless maven openssl \
          prometheus prometheus-alertmanager python3-yaml
KAFKA := .kafka/ready
LOCKED := --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header

.DEFAULT_GOAL := help
.PHONY: help setup demo kafka kafka-jars test check docs soak chaos lock clean system

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

setup: $(STAMP) ## make .venv with .venv/bin/pult; does nothing when it is up to date
	@# Written even where PYTHONDONTWRITEBYTECODE is set: without it every start compiles anew.
	@$(BIN)/python -m compileall -q $(PACKAGES) tests

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "Pult needs Python 3.11 or later; '$(PYTHON)' is not (make PYTHON=python3.12 names another)" >&2; \
	    exit 1; }
	@echo "Installing into $(VENV); the first time this downloads some 300 MB"
	@$(PYTHON) -m venv $(VENV)
	@awk '/^uv==/ { wanted = 1 } wanted { print } wanted && !/\\$$/ { exit }' requirements.lock > $(VENV)/uv.txt
	@# uv does in seconds what takes pip a minute; pip is for where uv has no wheel or knows no mirror.
	@quiet=$$([ -t 1 ] || echo --quiet); pip="$(BIN)/python -m pip --disable-pip-version-check"; \
	uv="$(BIN)/uv pip"; into="--python $(BIN)/python"; \
	if $$pip install --quiet --only-binary :all: --require-hashes -r $(VENV)/uv.txt \
	    && $$uv sync $$quiet $$into --require-hashes requirements.lock; \
	then $$uv install $$quiet $$into --no-deps --no-build-isolation --editable .; \
	else \
	    echo "uv could not; pip does it more slowly"; \
	    $$pip install $$quiet --no-deps --require-hashes -r requirements.lock \
	        && $$pip install $$quiet --no-deps --no-build-isolation --editable .; \
	fi
	@# What the command and the tests import is compiled here once, for the same reason as above:
	@# every module of ours is loaded, since the command loads only those of one verb.
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m tests.all_modules $(PACKAGES)
	@touch $@

demo: setup ## a recorded half hour on the wall; options: make demo DEMO="--port 0 --sql-port 0"
	@$(BIN)/pult demo $(DEMO)

kafka: setup $(KAFKA) ## a real broker on 127.0.0.1:9092, in the foreground, for trying things
	@$(BIN)/python -m tests.kafka

kafka-jars: $(KAFKA) ## fetch the broker that tests and `make kafka` start, into .kafka

$(KAFKA): deploy/kafka/pom.xml | system
	@if command -v java > /dev/null && command -v mvn > /dev/null; then \
	    echo "Fetching Kafka into .kafka (60 MB, once)"; \
	    rm -rf .kafka/jars .kafka/broker.jsa; \
	    said=$$(mvn --quiet --batch-mode --file deploy/kafka/pom.xml \
	        dependency:copy-dependencies -DoutputDirectory=$(CURDIR)/.kafka/jars 2>&1) \
	        || { echo "$$said" >&2; exit 1; }; \
	    $(PYTHON) -m tests.kafka archive && touch $@; \
	elif [ "$$PULT_REQUIRE_SERVERS" = 1 ]; then exit 1; fi

# pytest keeps what it makes of the tests for the next process, wherever Python is told not to.
test soak chaos: export PYTHONDONTWRITEBYTECODE =

test: setup system kafka-jars check ## everything CI runs: checks, then all tests; one folder: make test TESTS=tests/core
	@# What measures a rate has the machine to itself. Only its files are read: all take 10 s.
	@if files=$$(grep -rlF "mark.alone" --include="*.py" $(FILES)); then \
	    $(BIN)/pytest -m "alone and not soak" $(or $(TESTS),$$files) || [ $$? -eq 5 ]; fi
	@# A file's tests stay together: they share what it starts.
	@$(BIN)/pytest -m "not alone and not soak" --numprocesses $(AT_ONCE) --dist loadfile --no-loadscope-reorder $(TESTS) \
	    || [ $$? -eq 5 -a -n "$(TESTS)" ]

check: setup ## lint, format, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: setup ## renew the pages that are made from the program
	@$(BIN)/python -m tests.docs.generated

soak: setup ## the long form of the randomised tests
	@$(BIN)/pytest -m soak $(TESTS)

chaos: setup kafka-jars ## kill parts of a whole installation some 200 times, fill disks, deliver twice, compare (30 minutes)
	@$(BIN)/pytest -m soak --log-cli-level=INFO tests/integration/whole/test_chaos.py

lock: ## pin all dependencies anew, in their newest versions
	@[ -x $(BIN)/uv ] || { echo "make lock needs $(BIN)/uv: run make setup first" >&2; exit 1; }
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --upgrade --quiet \
	    $(LOCKED) --output-file requirements.lock
	@# The image gets the same versions, without what only developers need.
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --quiet \
	    --constraint requirements.lock $(LOCKED) --output-file deploy/requirements.lock
	echo hatchling | $(BIN)/uv pip compile - --universal --python-version 3.11 --quiet \
	    --constraint requirements.lock $(LOCKED) --output-file deploy/build.lock

clean: ## remove .venv and all caches; keeps pult-data
	rm -rf $(VENV) .kafka .grafana .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find $(PACKAGES) tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# The wall is tested in a real Chromium, in Chinese too; the pipeline on a real Kafka, with TLS;
# what is deployed by promtool, amtool and a parser of YAML.
system:
	@if command -v dpkg-query > /dev/null; then \
	    missing=$$(for each in $(SYSTEM); do \
	        dpkg-query --show --showformat '$${db:Status-Status}\n' $$each 2> /dev/null | grep -qx installed \
	            || echo $$each; done); \
	else \
	    missing=$$(for each in chromium chromedriver java mvn openssl promtool amtool; do \
	        command -v $$each > /dev/null || echo $$each; done); \
	fi; \
	[ -n "$$missing" ] || exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
	    echo "Installing" $$missing; \
	    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
	        --no-install-recommends $$missing; } > /dev/null; \
	elif [ "$$PULT_REQUIRE_SERVERS" = 1 ]; then \
	    echo "missing:" $$missing "(needed, because PULT_REQUIRE_SERVERS=1)" >&2; exit 1; \
	else \
	    echo "missing:" $$missing "(what needs it is skipped: the wall in a browser, Kafka, alerts)" >&2; \
	fi
