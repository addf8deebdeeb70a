# What can be made: `make help`. Tests and tool share one optimized build; there is no debug build,
# for numerics without optimization are too slow to test.

SWIFT ?= swift
BUILD = $(SWIFT) build -c release
TOOL = .build/release/argmin
OUTPUT ?= output
SOURCES = Package.swift Sources Tests

.PHONY: help build demo test fuzz bench bench-peers bench-cones docs lint format dependencies clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

dependencies:
	@scripts/install-dependencies.sh

build: dependencies ## the tool, at .build/release/argmin
	$(BUILD) --product argmin

demo: build ## problems solved, differentiated, and their solutions learned
	@ARGMIN=$(TOOL) OUTPUT=$(OUTPUT) scripts/demo.sh

test: dependencies ## all tests, optimized
	$(BUILD) --build-tests
	$(SWIFT) test -c release --skip-build

FUZZ ?= 20
fuzz: dependencies ## the tests' randomized searches, FUZZ (20) times as long
	$(BUILD) --build-tests
	ARGMIN_FUZZ=$(FUZZ) $(SWIFT) test -c release --skip-build --filter Fuzz

bench: build ## the built-in timings
	$(TOOL) bench

bench-peers: build ## our timings and those of other systems, side by side on the same data
	Benchmarks/peers/quadratic-programs/run.sh
	Benchmarks/peers/tensors/run.sh
	Benchmarks/peers/modeling/run.sh
	Benchmarks/peers/amortization/run.sh

bench-cones: build ## the same for published cone programs; takes hours, can be stopped and taken up again
	Benchmarks/peers/cone-programs/run.sh

docs: dependencies ## the documentation of every library, under .build/documentation
	@scripts/documentation.sh

lint: ## style, by the toolchain's swift format
	$(SWIFT) format lint --strict --recursive --parallel $(SOURCES)

format: ## puts the sources into that style
	$(SWIFT) format --in-place --recursive --parallel $(SOURCES)

clean: ## removes what was built
	rm -rf .build $(OUTPUT)
