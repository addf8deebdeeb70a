#!/bin/sh
# The whole benchmark of cone programs: environment, data, measurements, RESULTS.md.
# Arguments go to run.py, for example: run.sh --only netlib --solver argmin clarabel
# DATA is the folder of the data, by default ~/.cache/argmin-benchmarks.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
data="${DATA:-$HOME/.cache/argmin-benchmarks}"

finish_environment() {
  # The only statement of diffqcp that needs Python 3.12.
  find "$here/.venv" -path '*/diffqcp/problem_data.py' \
    -exec sed -i.original 's/^type ObjMatrix = \(.*\)/ObjMatrix = "\1"/' {} +
}
. "$here/../environment.sh"

"$python" "$here/fetch.py" --data "$data"
"$python" "$here/run.py" --data "$data" "$@"
"$python" "$here/report.py" --data "$data"
