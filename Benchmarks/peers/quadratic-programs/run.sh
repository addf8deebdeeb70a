#!/bin/sh
# The whole side-by-side benchmark: environment, data, references, measurements, RESULTS.md.
# Arguments go to run.py, for example: run.sh --cells 'n10-*' --peers argmin daqp
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python="$here/.venv/bin/python"

if [ ! -e "$here/.venv/complete" ]; then
  "${PYTHON:-python3}" -m venv "$here/.venv"
  "$python" -m pip install --quiet -r "$here/requirements.txt"
  "$python" -m pip install --quiet --no-deps -r "$here/requirements-without-dependencies.txt"
  touch "$here/.venv/complete"
fi

"$python" "$here/generate.py"
"$python" "$here/reference.py"
"$python" "$here/run.py" "$@"
"$python" "$here/report.py"
