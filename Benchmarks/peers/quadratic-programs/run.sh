#!/bin/sh
# The whole side-by-side benchmark: environment, data, references, measurements, RESULTS.md.
# Arguments go to run.py, for example: run.sh --cells 'n10-*' --peers argmin daqp
set -eu
here=$(cd "$(dirname "$0")" && pwd)

finish_environment() {
  "$python" -m pip install --quiet --no-deps -r "$here/requirements-without-dependencies.txt"
}
. "$here/../environment.sh"

"$python" "$here/generate.py"
"$python" "$here/reference.py"
"$python" "$here/run.py" "$@"
"$python" "$here/report.py"
