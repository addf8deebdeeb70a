#!/bin/sh
# Generates the documentation of every library into .build/documentation/TARGET.
set -eu

for target in Argmin LinearAlgebra OptimizationCore ConvexSolvers ProblemFiles ArgminExperiments; do
  printf '%s\n' "documentation: $target"
  swift package --allow-writing-to-directory .build/documentation \
    generate-documentation --target "$target" --output-path ".build/documentation/$target"
done
