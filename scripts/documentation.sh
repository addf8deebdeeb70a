#!/bin/sh
# Generates the documentation of all libraries, as one, into .build/documentation.
set -eu

mkdir -p .build/documentation
targets=
for target in Argmin LinearAlgebra Autodiff NeuralNetworks OptimizationCore ConvexSolvers \
  DifferentiableOptimization ConvexModeling ProblemFiles ArgminExperiments; do
  targets="$targets --target $target"
done
# shellcheck disable=SC2086  # the list is meant to be split
swift package --allow-writing-to-directory .build/documentation generate-documentation $targets \
  --enable-experimental-combined-documentation --transform-for-static-hosting \
  --output-path .build/documentation
printf '%s\n' "documentation: to read it: python3 -m http.server --directory .build/documentation"
