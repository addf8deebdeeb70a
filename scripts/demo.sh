#!/bin/sh
# The demonstration: a published problem solved and differentiated, a support vector machine, and problems whose
# solutions are learned.
# ARGMIN is the tool, OUTPUT the folder for what is written.
set -eu

tool=${ARGMIN:-.build/release/argmin}
output=${OUTPUT:-output}
problem=Sources/ArgminExperiments/Data/MarosMeszaros/DUAL4.qps

heading() { printf '\n== %s\n' "$*"; }
run() {
  printf '\n$ argmin %s\n' "$*"
  "$tool" "$@"
}

heading "DUAL4 of the Maros-Meszaros set: what does its first variable depend on?"
run solve "$problem" --vjp scripts/demo/DUAL4.upstream.json

heading "The same derivatives against finite differences"
run check "$problem"

heading "Which samples does a support vector machine depend on?"
run run svm-sensitivity --output "$output/svm-sensitivity"

heading "A controller, stated as a convex problem: imitated by a network, corrected by the solver"
run run amortize-mpc --output "$output/amortize-mpc"

heading "Transport between digits: learned starts for the solver, where they hold and where not"
run run meta-ot-digits --output "$output/meta-ot-digits"

heading "Any such report again, from its folder"
run report "$output/amortize-mpc"
