# The commands of this project. Each one first installs the tools that are missing, prints what it
# does, and can be repeated or interrupted safely. The scripts in tools/ do the work.

.DEFAULT_GOAL := help
.PHONY: help run build test torture peers bench peers-bench measure screenshots dev spa lint walls fmt setup clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

run: ## Build and start Companion on 127.0.0.1:3000 (ARGS="--listen ..." are passed on)
	@tools/setup.sh run
	@tools/build.sh
	@tools/run.sh $(ARGS)

build: ## Build target/release/companion
	@tools/setup.sh build
	@tools/build.sh

test: ## Run everything: formatting, lints, walls, dependencies, all tests, both WASM builds, browser tests
	@tools/setup.sh test
	@tools/test.sh

torture: ## Break and attack a running server for half an hour or more (ARGS="kill --kills 500" runs one kind)
	@tools/setup.sh torture
	@tools/torture.sh $(ARGS)

peers: ## Test with real servers (LiteLLM's proxy, llama-cpp-python's) and write the results into docs/endpoints.md
	@tools/setup.sh peers
	@tools/build.sh
	@tools/peers.sh $(ARGS)

bench: ## Measure the server under load, and write docs/performance.md (ARGS="streams --rounds 3": a part)
	@tools/setup.sh build
	@tools/build.sh
	@tools/bench.sh $(ARGS)

peers-bench: ## Measure Open WebUI, and llumen if LLUMEN names its server, beside ours, and write docs/performance.md
	@tools/setup.sh peers-bench
	@tools/build.sh
	@tools/peers-bench.sh $(ARGS)

measure: ## Measure the console: bytes, paints, frames (ARGS="first-load" measures only that)
	@tools/setup.sh test
	@tools/build.sh
	@tools/browser.sh --project=measure $(ARGS)

screenshots: ## Take the screenshots in docs/screenshots again, with the browser tests
	@tools/setup.sh test
	@tools/build.sh
	@SCREENSHOTS=1 tools/browser.sh --project=measure screenshots

dev: ## Start the development server, which rebuilds and reloads
	@tools/setup.sh dev
	@tools/dev.sh

spa: ## Start the client-only console on 127.0.0.1:8080 with its server (ARGS go to the server)
	@tools/setup.sh spa
	@tools/spa.sh $(ARGS)

lint: ## Check formatting, scripts, walls, dependencies and clippy
	@tools/setup.sh test
	@tools/lint.sh

walls: ## Check only the import walls
	@tools/walls.sh

fmt: ## Format the code
	@tools/setup.sh test
	@tools/format.sh

setup: ## Install the tools of all commands, except those for fuzzing, and build nothing
	@tools/setup.sh test

clean: ## Remove what was built in this clone (tools and caches stay)
	rm -rf target end2end/node_modules end2end/test-results end2end/playwright-report
