# onedoor: `make` lists the targets. Set-up happens by itself; it needs Go, Node.js with npm, and
# make, and fetches pinned versions of everything else through the Go module proxy and npm.

STAGE ?= local
ARGS  ?=

export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
# CDK asks no account, keeps no telemetry and shows no notices.
export CDK_DISABLE_VERSION_CHECK := 1
export CDK_DISABLE_CLI_TELEMETRY := true
CDK := cdk --no-notices

.DEFAULT_GOAL := help
.PHONY: help run test e2e bench lint synth diff deploy destroy setup clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: setup synth ## Serve the synthesized template on this machine (STAGE, ARGS="-addr 127.0.0.1:8443")
	@go build -o build/local ./local
	@exec build/local $(ARGS)

test: setup lint ## Run every test: units, templates, cdk-nag, acceptance through the local door
	go test -count=1 -timeout 20m ./...

e2e: setup ## Run the acceptance suite on a local door, or on BASE_URL=https://…
	E2E_BASE_URL=$(BASE_URL) go test -count=1 -timeout 20m -v ./e2e

bench: setup ## Measure signing and handlers, with allocations
	go test -run '^$$' -bench . -benchmem -count=6 ./lambdas/... | tee build/bench.txt
	@go tool -modfile=tools/go.mod benchstat build/bench.txt

lint: setup ## Check format, vet and staticcheck
	@test -z "$$(gofmt -l lambdas infra local e2e | tee /dev/stderr)"
	go vet ./...
	go tool -modfile=tools/go.mod staticcheck ./...

synth: setup ## Synthesize the stacks of STAGE into cdk.out, without an account
	@$(CDK) synth --quiet -c "stage=$(STAGE)"

diff: setup ## Compare the stacks of STAGE with what is deployed
	$(CDK) diff -c "stage=$(STAGE)"

deploy: setup ## Deploy the stacks of STAGE
	$(CDK) deploy --all -c "stage=$(STAGE)"

destroy: setup ## Destroy the stacks of STAGE; refused while its setting retain protects them
	$(CDK) destroy --all -c "stage=$(STAGE)"

setup: node_modules/.package-lock.json build/versitygw ## Install the pinned tools

node_modules/.package-lock.json: package.json package-lock.json .npmrc
	npm ci --loglevel=error
	@touch $@

build/versitygw: tools/go.mod tools/go.sum
	go build -modfile=tools/go.mod -o $@ github.com/versity/versitygw/cmd/versitygw

clean: ## Remove what was built, synthesized and stored here
	rm -rf build cdk.out .local node_modules
