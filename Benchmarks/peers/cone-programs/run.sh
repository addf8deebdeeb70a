#!/bin/sh
# The whole benchmark of cone programs: environment, data, measurements, RESULTS.md.
# Arguments go to run.py, for example: run.sh --only netlib --solver argmin clarabel
# DATA is the folder of the data, by default ~/.cache/argmin-benchmarks.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python="$here/.venv/bin/python"
data="${DATA:-$HOME/.cache/argmin-benchmarks}"

if [ ! -e "$here/.venv/complete" ]; then
  "${PYTHON:-python3}" -m venv "$here/.venv"
  "$python" -m pip install --quiet -r "$here/requirements.txt"
  # The only statement of diffqcp that needs Python 3.12.
  find "$here/.venv" -path '*/diffqcp/problem_data.py' \
    -exec sed -i.original 's/^type ObjMatrix = \(.*\)/ObjMatrix = "\1"/' {} +
  touch "$here/.venv/complete"
fi

"$python" "$here/fetch.py" --data "$data"
"$python" "$here/run.py" --data "$data" "$@"
"$python" "$here/report.py" --data "$data"
