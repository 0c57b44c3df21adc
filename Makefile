# `make demo` and `make test` need only Python 3.11 or newer; they set up .venv by themselves.
.DEFAULT_GOAL := help
BIN := .venv/bin
.PHONY: help demo test check format lint types imports suppressions bench setup setup-dev lock clean

help: ## list what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: setup ## one evening on a real street, watched, protected and explained (ARGS="--seed 7 …")
	@$(BIN)/linkbox demo $(ARGS)

test: setup-dev ## all tests (ARGS="tests/grid -k fuse")
	@$(BIN)/pytest -n auto $(ARGS)

check: setup-dev lint types imports suppressions test ## format, lint, types, import contracts, tests: what CI runs

format: setup-dev ## rewrite the source in the one format
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lint: setup-dev ## format and lint, without changing anything
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .

types: setup-dev ## mypy, strict
	@$(BIN)/mypy

imports: setup-dev ## the rooms' import contracts
	@$(BIN)/lint-imports --no-logo

suppressions: ## how many checks are switched off, and where
	@echo "suppressed checks in src: $$(grep -rnE '# (type: ignore|noqa)' src --include='*.py' | wc -l)"

bench: setup-dev ## each benchmark in its short form, some minutes (whole: see docs/reference/bench-*.md)
	$(BIN)/linkbox bench wire --seconds 0.3 --exchanges 500
	$(BIN)/linkbox bench control-minute --feeders 200000
	$(BIN)/linkbox bench plan
	$(BIN)/linkbox bench records --points 500000 --consents 50000 --interventions 1000 --audit-records 100000
	$(BIN)/python benchmarks/bench_duis.py --seconds 0.2
	$(BIN)/python benchmarks/bench_gbcs.py --seconds 0.2
	$(BIN)/python benchmarks/bench_twin.py

setup: ## what `linkbox` needs to run
	@scripts/setup.sh runtime

setup-dev: ## what the tests and checks need
	@scripts/setup.sh dev

lock: ## resolve and lock all dependencies anew
	@scripts/lock.sh

clean: ## remove what was built and installed
	rm -rf .venv build dist linkbox-demo .mypy_cache .ruff_cache .hypothesis .import_linter_cache
