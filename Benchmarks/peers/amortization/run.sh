#!/bin/sh
# The training of amortized models beside JAX: environment, measurements, a section of RESULTS.md.
# Arguments go to run.py, for example: run.sh --cells vae
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../environment.sh"

"$python" "$here/run.py" "$@"
