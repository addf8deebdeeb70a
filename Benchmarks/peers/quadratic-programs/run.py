"""Runs every peer, and argmin, on every cell, and writes results.json beside the data.

Cells are the outer loop and peers the inner one, so that a machine that slows down for a while
slows all of them. Results of earlier runs that are not measured again are kept.
"""

import argparse
import datetime
import json
import os
import platform
import select
import shutil
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

import numpy as np

from adapters import ENTRIES, Entry
from problems import DATA_FOLDER, Batch, Cell, Reference, all_cells, errors

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
OWN = "argmin"
THREAD_VARIABLES = [
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
]


def available_cores() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count()))


def process_options(threads: int) -> dict:
    """Environment and, where the system can, cores that hold a process to so many threads."""
    environment = os.environ | {name: str(threads) for name in THREAD_VARIABLES}
    options = {"env": environment}
    if hasattr(os, "sched_setaffinity"):
        cores = available_cores()[-threads:]
        options["preexec_fn"] = lambda: os.sched_setaffinity(0, cores)
    return options


class Worker:
    """The process that measures one peer with one number of threads; begun anew after a crash."""

    def __init__(self, entry: Entry, threads: int, arguments: argparse.Namespace):
        self.key = entry.key
        self.threads = threads
        self.timeout = arguments.timeout
        self.command = [sys.executable, "worker.py", entry.key, "--threads", str(threads)]
        self.command += ["--data", str(arguments.data.resolve())]
        self.command += ["--budget", str(arguments.budget), "--limit", str(arguments.limit)]
        self.process = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command,
            cwd=HERE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            **process_options(self.threads),
        )

    def measure(self, cell: Cell) -> dict:
        if self.process is None:
            self.start()
        self.process.stdin.write(f"{cell.name}\n".encode())
        self.process.stdin.flush()
        is_ready, _, _ = select.select([self.process.stdout], [], [], self.timeout)
        if not is_ready:
            self.stop()
            return {"failure": f"no answer within {self.timeout:.0f} s"}
        line = self.process.stdout.readline()
        if not line:
            code = self.process.wait()
            self.process = None
            return {"failure": f"the process ended with status {code}"}
        return json.loads(line)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


class OwnTool:
    """`argmin bench --data FOLDER --json`, one cell at a time."""

    key = OWN

    def __init__(self, threads: int, arguments: argparse.Namespace):
        self.threads = threads
        self.data = arguments.data.resolve()
        self.tool = arguments.argmin
        self.timeout = arguments.timeout

    def measure(self, cell: Cell) -> dict:
        with tempfile.TemporaryDirectory() as folder:
            for name in (f"{cell.name}.json", f"{cell.name}.upstream.json"):
                os.symlink(self.data / name, Path(folder) / name)
            command = [self.tool, "bench", "--data", folder, "--json"]
            command += ["--threads", str(self.threads)]
            options = {"capture_output": True, "timeout": self.timeout}
            try:
                run = subprocess.run(command, **options, **process_options(self.threads))
            except subprocess.TimeoutExpired:
                return {"failure": f"no answer within {self.timeout:.0f} s"}
        if run.returncode != 0:
            message = run.stderr.decode(errors="replace").strip()
            return {"failure": f"status {run.returncode}: {message[-300:]}"}
        try:
            return self.judge(json.loads(run.stdout)[0], cell)
        except (ValueError, KeyError, IndexError, TypeError) as error:
            return {"failure": f"answer not understood: {type(error).__name__}: {error}"}

    def judge(self, answer: dict, cell: Cell) -> dict:
        """The record of an answer; the null of a number that is not finite becomes NaN."""
        batch = Batch.load(self.data, cell)
        reference = Reference.load(self.data, cell)
        exact = reference.gradient(batch.is_shared)
        gradient = {
            name: np.array(answer["gradient"][name], dtype=float).reshape(block.shape)
            for name, block in exact.items()
            if block.size
        }
        x = np.array(answer["x"], dtype=float)
        return {
            "timedItems": answer["count"],
            "forwardMilliseconds": answer["forwardMilliseconds"],
            "backwardMilliseconds": answer["backwardMilliseconds"],
            "errors": errors(x, gradient, reference, batch.is_shared),
        }

    def stop(self) -> None:
        pass


def processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    packages = sorted({package for entry in ENTRIES for package in entry.packages} | {"numpy"})
    found = {"python": platform.python_version()}
    return found | {package: metadata.version(package) for package in packages}


def own_version() -> str:
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def machine() -> dict:
    return {
        "processor": processor(),
        "architecture": platform.machine(),
        "cores": len(available_cores()),
        "system": platform.system(),
    }


class Results:
    """The records by peer, cell and threads, on disk after every one."""

    def __init__(self, path: Path):
        self.path = path
        self.records = {}
        if path.exists():
            for record in json.loads(path.read_text())["records"]:
                self.records[self.key(record)] = record

    @staticmethod
    def key(record: dict) -> tuple:
        return record["peer"], record["cell"], record["threads"]

    def add(self, record: dict) -> None:
        self.records[self.key(record)] = record
        content = {
            "machine": machine(),
            "versions": versions(),
            "argmin": own_version(),
            "records": list(self.records.values()),
        }
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps(content, indent=1))
        partial.replace(self.path)


def contestants(threads: int, arguments: argparse.Namespace) -> list:
    chosen = arguments.peers or [OWN] + [entry.key for entry in ENTRIES]
    found = [Worker(entry, threads, arguments) for entry in ENTRIES if entry.key in chosen]
    if OWN in chosen and shutil.which(arguments.argmin):
        found.insert(0, OwnTool(threads, arguments))
    elif OWN in chosen:
        print(f"not measured, since it is not built: {arguments.argmin}", flush=True)
    return found


def summary(record: dict) -> str:
    if "failure" in record:
        return record["failure"]
    backward = record.get("backwardMilliseconds")
    shown = f"{record['forwardMilliseconds']:.4f}"
    shown += f" / {backward:.4f} ms" if backward is not None else " ms"
    worst = max(record["errors"].values())
    return f"{shown}, error {record['errors']['x']:.0e} in x, {worst:.0e} at worst"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA_FOLDER)
    parser.add_argument("--cells", default="*", help="shell pattern of cell names")
    parser.add_argument("--peers", nargs="*", help=f"keys, {OWN} among them; all if absent")
    parser.add_argument("--threads", nargs="*", type=int, help="by default 1 and all cores")
    parser.add_argument("--argmin", default=str(ROOT / ".build/release/argmin"))
    parser.add_argument("--budget", type=float, default=0.3, help="seconds of timing per pass")
    parser.add_argument("--limit", type=float, default=1.5, help="most seconds for one step")
    parser.add_argument("--timeout", type=float, default=180, help="seconds for one cell")
    arguments = parser.parse_args()

    results = Results(arguments.data / "results.json")
    for threads in arguments.threads or sorted({1, len(available_cores())}):
        running = contestants(threads, arguments)
        for cell in all_cells(arguments.cells):
            for contestant in running:
                record = {"peer": contestant.key, "cell": cell.name, "threads": threads}
                record |= contestant.measure(cell)
                record["time"] = datetime.datetime.now().isoformat(timespec="seconds")
                record["load"] = os.getloadavg()[0]
                results.add(record)
                print(f"{threads} {cell.name} {contestant.key}: {summary(record)}", flush=True)
        for contestant in running:
            contestant.stop()


if __name__ == "__main__":
    main()
