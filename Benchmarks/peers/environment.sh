# Sourced by the run.sh of a peer's folder, which is $here: sets $python to an environment with its requirements, made
# when it is first needed. A function `finish_environment` of the caller may add to it.
python="$here/.venv/bin/python"

if [ ! -e "$here/.venv/complete" ]; then
  "${PYTHON:-python3}" -m venv "$here/.venv"
  "$python" -m pip install --quiet -r "$here/requirements.txt"
  if command -v finish_environment > /dev/null; then finish_environment; fi
  touch "$here/.venv/complete"
fi
