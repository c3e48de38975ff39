# Usher. `make` explains the targets; each step of CI is one of them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

ARGS ?=
DATA_DIR ?= .usher
SECONDS_EACH ?= 60
# Which mutants of a crate are tried: one in twenty, from the first on.
SHARD ?= 0/20
# Milliseconds up to which no request of the hostile suite counts as slow.
FLOOR ?= 50
# Where `make check` puts cargo-deny, if it is not installed.
TOOLS := target/tools
DENY := PATH="$(TOOLS)/bin:$$PATH" cargo deny

.PHONY: help run dist test check advisories fuzz mutants hostile bench sim months prepare prepare-test prepare-check

help: ## Explain the targets
	@sed -nE 's/^([a-z]+):.*## (.*)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '  make %-11s %s\n' "$$name" "$$text"; done

run: prepare ## Install what is missing, build in release, run `usher dev` (ARGS="--listen 127.0.0.1:9000" passes flags)
	cargo build --release --locked --package usher
	exec target/release/usher dev --data-dir $(DATA_DIR) $(ARGS)

dist: prepare ## Build what is deployed into target/dist: optimised, stripped, its symbols beside it
	cargo build --profile deploy --locked --package usher
	mkdir -p target/dist
	objcopy --only-keep-debug target/deploy/usher target/dist/usher.debug
	objcopy --strip-all --add-gnu-debuglink=target/dist/usher.debug target/deploy/usher target/dist/usher

test: prepare-test ## Run every test, against private PostgreSQL clusters
	cargo build --locked --workspace --bins
	target/debug/with-cluster cargo nextest run --locked --workspace --no-fail-fast

check: prepare-check ## Check format, dependencies, lints and documentation
	cargo fmt --all --check
	$(DENY) --log-level error check bans licenses sources
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings -A rustdoc::private-intra-doc-links" cargo doc --locked --workspace --no-deps --document-private-items --quiet

advisories: prepare-check ## Check the dependencies for known vulnerabilities (reads the RustSec database on github.com)
	$(DENY) check advisories

fuzz: ## Fuzz the parsers of filters, paths, PATCH and JSON for a minute each (SECONDS_EACH=600 for longer)
	command -v cargo-fuzz >/dev/null || cargo install --locked cargo-fuzz
	for target in filter path patch json; do \
	  mkdir -p fuzz/corpus/$$target; \
	  cargo fuzz run --sanitizer none $$target fuzz/corpus/$$target fuzz/seeds/$$target -- \
	    -max_total_time=$(SECONDS_EACH) -max_len=4096 -timeout=5 -rss_limit_mb=1024; \
	done

mutants: prepare-test ## Break usher-scim in small ways, one at a time, and tell what its tests miss (ARGS="--package usher-identity --file '*seat*'")
	command -v cargo-mutants >/dev/null || cargo install --locked cargo-mutants
	cargo build --locked --package usher-testing --bin with-cluster
	target/debug/with-cluster cargo mutants --test-tool nextest --output target \
	  --shard $(SHARD) --sharding round-robin $(or $(ARGS),--package usher-scim)

hostile: prepare-test ## Attack a release build, with 50 ms in place of the 2 s that a debug build has (FLOOR=20 for less)
	cargo build --release --locked --workspace --bins
	USHER_HOSTILE_FLOOR=$(FLOOR) target/release/with-cluster \
	  cargo nextest run --release --locked --workspace --no-fail-fast -E 'package(usher-tests) and binary(hostile)'

bench: prepare ## Measure the hot paths against a private local stack (ARGS="--seconds 10")
	cargo build --release --locked --package usher --package usher-tests --bins
	target/release/bench $(ARGS)

sim: ## Run the Entra simulator against a running `make run` (ARGS="--people 2000 --cycles 3")
	cargo run --release --locked --package usher-tests --bin entra-sim -- --demo $(DATA_DIR)/demo.json $(ARGS)

months: prepare ## Price random months with the program and independently in Python, and report differences (ARGS="--count 1000")
	cargo build --release --locked --package usher
	python3 tests/python/random_months.py --usher target/release/usher $(ARGS)

prepare:
	@deploy/prepare.sh run $(DATA_DIR)

prepare-test:
	@deploy/prepare.sh test

prepare-check:
	@deploy/prepare.sh check $(TOOLS)
