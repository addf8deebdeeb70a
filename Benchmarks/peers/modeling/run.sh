#!/bin/sh
# The modelling language beside cvxpylayers: environment, measurements, a section of RESULTS.md.
# Arguments go to run.py, for example: run.sh --cells dense-128 --peers argmin moreau
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../environment.sh"

"$python" "$here/run.py" "$@"
"$python" "$here/builds.py"
