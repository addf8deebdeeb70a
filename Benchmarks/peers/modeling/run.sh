#!/bin/sh
# The modelling language beside cvxpylayers: environment, measurements, a section of RESULTS.md.
# Arguments go to run.py, for example: run.sh --cells dense-128 --peers argmin moreau
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python="$here/.venv/bin/python"

if [ ! -e "$here/.venv/complete" ]; then
  "${PYTHON:-python3}" -m venv "$here/.venv"
  "$python" -m pip install --quiet -r "$here/requirements.txt"
  touch "$here/.venv/complete"
fi

"$python" "$here/run.py" "$@"

"$python" "$here/builds.py"
