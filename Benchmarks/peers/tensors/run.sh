#!/bin/sh
# The whole side-by-side benchmark of tensors: environment, measurements, a section of RESULTS.md.
# Arguments go to run.py, for example: run.sh --cells 'mlp-*' --peers argmin jax
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../environment.sh"

"$python" "$here/run.py" "$@"
"$python" "$here/report.py"
