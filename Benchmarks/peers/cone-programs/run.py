"""Runs solvers on the sets of problems, one process at a time, and keeps a line of JSON for each.

What was measured before is not measured again, so that a run can be stopped and taken up anew.
"""

import argparse
import datetime
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from fetch import CACHE, SETS
from solvers import OWN, SOLVERS

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
THREADS = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"]
OWN_GRACE = 60  # seconds past the limit for reading the file and checking the answer
PEER_GRACE = 15  # they read the file once and keep it in a cache


class Results:
    """The records of one solver on one set, a file of lines that grows."""

    def __init__(self, folder: Path, set_name: str, solver: str):
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{set_name}.{solver}.jsonl"

    def records(self) -> dict[str, dict]:
        """By problem; a later line replaces an earlier one."""
        if not self.path.exists():
            return {}
        lines = [line for line in self.path.read_text().splitlines() if line.strip()]
        return {record["problem"]: record for record in map(json.loads, lines)}

    def add(self, record: dict) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps(record) + "\n")


def problem_name(path: Path) -> str:
    name = path.name.removesuffix(".gz")
    return name[: name.rfind(".")]


def measured(path: Path, solver: str, arguments: argparse.Namespace) -> dict:
    command = [sys.executable, str(HERE / "worker.py"), str(path), solver]
    command += ["--cache", str(arguments.data / "parsed"), "--argmin", arguments.argmin]
    command += ["--limit", str(arguments.limit), "--most-nonzeros", str(arguments.most_nonzeros)]
    environment = os.environ | dict.fromkeys(THREADS, "1")
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "env": environment}
    limit = arguments.limit + (OWN_GRACE if solver == OWN else PEER_GRACE)
    run = subprocess.Popen(command, start_new_session=True, **options)
    try:
        output, _ = run.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        # With the tool that it may have started, which would disturb the next measurement.
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate()
        return {"failure": "time limit"}
    try:
        return json.loads(output)
    except ValueError:
        return {"failure": f"the process ended with status {run.returncode}"}


def summary(record: dict) -> str:
    if "failure" in record or "skipped" in record:
        return record.get("failure") or record["skipped"]
    error = "no number" if record["error"] is None else f"error {record['error']:.1e}"
    return f"{record['seconds']:.3f} s, {error}, {record['status']}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=CACHE, help="the folder of the sets")
    parser.add_argument("--only", nargs="*", choices=SETS, default=SETS)
    parser.add_argument("--solver", nargs="*", choices=[OWN, *SOLVERS], default=[OWN, *SOLVERS])
    parser.add_argument("--problems", default="*", help="shell pattern of file names")
    parser.add_argument("--limit", type=float, default=30, help="seconds for one problem")
    parser.add_argument("--most-nonzeros", type=int, default=10**6)
    parser.add_argument("--max-seconds", type=float, default=float("inf"), help="for all of it")
    parser.add_argument("--again", action="store_true", help="measure what was measured before")
    parser.add_argument("--argmin", default=str(ROOT / ".build/release/argmin"))
    arguments = parser.parse_args()
    start = time.monotonic()
    for solver in arguments.solver:
        for set_name in arguments.only:
            results = Results(arguments.data / "results", set_name, solver)
            known = {} if arguments.again else results.records()
            for path in sorted((arguments.data / set_name).glob(arguments.problems)):
                if problem_name(path) in known:
                    continue
                if time.monotonic() - start > arguments.max_seconds:
                    return
                record = {"problem": problem_name(path), "limit": arguments.limit}
                record |= measured(path, solver, arguments)
                record["time"] = datetime.datetime.now().isoformat(timespec="seconds")
                record["load"] = os.getloadavg()[0]
                results.add(record)
                print(f"{set_name} {record['problem']} {solver}: {summary(record)}", flush=True)


if __name__ == "__main__":
    main()
