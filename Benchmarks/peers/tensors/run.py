"""Runs every peer, and argmin, on every cell, and writes Benchmarks/data/tensors.json.

Rounds are the outer loop, then cells, then peers, so that a machine that slows down for a while
slows all of them. A round gives the median of its repetitions; what counts is the least of these
medians over the rounds of this and, with --keep, of earlier runs.
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
from importlib import metadata
from pathlib import Path

from cells import Cell, chosen_cells

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
RESULTS = ROOT / "Benchmarks" / "data" / "tensors.json"
OWN = "argmin"
PACKAGES = ["jax", "jaxlib", "numpy", "torch"]
# The kinds of cells that a peer takes part in; all if it is not named here.
ONLY = {"jax-eager": ["chain-forward", "chain-gradient"]}
PEERS = [OWN, "torch", "jax", "jax-eager"]
THREAD_VARIABLES = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]


def available_cores() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count()))


def process_options(threads: int) -> dict:
    """Environment and, where the system can, cores that hold a process to so many threads."""
    environment = os.environ | {name: str(threads) for name in THREAD_VARIABLES}
    flags = f"--xla_cpu_multi_thread_eigen={str(threads > 1).lower()}"
    environment["XLA_FLAGS"] = f"{flags} intra_op_parallelism_threads={threads}"
    options = {"env": environment}
    if hasattr(os, "sched_setaffinity"):
        cores = available_cores()[-threads:]
        options["preexec_fn"] = lambda: os.sched_setaffinity(0, cores)
    return options


class Worker:
    """The process that measures one peer with one number of threads; begun anew after a crash."""

    def __init__(self, key: str, threads: int, arguments: argparse.Namespace):
        self.key = key
        self.threads = threads
        self.timeout = arguments.timeout
        self.command = [sys.executable, "worker.py", key, "--threads", str(threads)]
        self.command += ["--budget", str(arguments.budget)]
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
    """`argmin bench tensors --json`, one cell at a time."""

    key = OWN

    def __init__(self, threads: int, arguments: argparse.Namespace):
        self.threads = threads
        self.tool = arguments.argmin
        self.timeout = arguments.timeout

    def measure(self, cell: Cell) -> dict:
        command = [self.tool, "bench", "tensors", "--json", "--cells", cell.name]
        options = {"capture_output": True, "timeout": self.timeout}
        try:
            run = subprocess.run(command, **options, **process_options(self.threads))
        except subprocess.TimeoutExpired:
            return {"failure": f"no answer within {self.timeout:.0f} s"}
        if run.returncode != 0:
            message = run.stderr.decode(errors="replace").strip()
            return {"failure": f"status {run.returncode}: {message[-300:]}"}
        try:
            answer = json.loads(run.stdout)[0]
            found = {key: answer[key] for key in ("milliseconds", "check")}
        except (ValueError, KeyError, IndexError, TypeError) as error:
            return {"failure": f"answer not understood: {type(error).__name__}: {error}"}
        return {"variants": {"argmin": found}}

    def stop(self) -> None:
        pass


def processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def own_version() -> str:
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


class Results:
    """The records by peer, cell and threads, on disk after every one."""

    def __init__(self, path: Path):
        self.path = path
        self.records = {}
        self.fresh = set()
        if path.exists():
            for record in json.loads(path.read_text())["records"]:
                self.records[self.key(record)] = record

    @staticmethod
    def key(record: dict) -> tuple:
        return record["peer"], record["cell"], record["threads"]

    def add(self, record: dict, keep: bool) -> dict:
        """Joins the rounds of a record that this run began; others make room, unless kept."""
        key = self.key(record)
        old = self.records.get(key)
        for variant in record.get("variants", {}).values():
            variant["rounds"] = [variant["milliseconds"]]
        if old and "variants" in old and "variants" in record and (keep or key in self.fresh):
            for name, variant in record["variants"].items():
                earlier = old["variants"].get(name, {"rounds": []})["rounds"]
                variant["rounds"] = earlier + variant["rounds"]
                variant["milliseconds"] = min(variant["rounds"])
        self.fresh.add(key)
        self.records[key] = record
        self.write()
        return record

    def write(self) -> None:
        content = {
            "machine": {
                "processor": processor(),
                "architecture": platform.machine(),
                "cores": len(available_cores()),
                "system": platform.system(),
            },
            "versions": {"python": platform.python_version()}
            | {package: metadata.version(package) for package in PACKAGES},
            "argmin": own_version(),
            "records": list(self.records.values()),
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps(content, indent=1))
        partial.replace(self.path)


def contestants(threads: int, arguments: argparse.Namespace) -> list:
    chosen = arguments.peers or PEERS
    found = [Worker(key, threads, arguments) for key in PEERS if key in chosen and key != OWN]
    if OWN in chosen and shutil.which(arguments.argmin):
        found.insert(0, OwnTool(threads, arguments))
    elif OWN in chosen:
        print(f"not measured, since it is not built: {arguments.argmin}", flush=True)
    return found


def summary(record: dict) -> str:
    if "failure" in record:
        return record["failure"]
    best = min(record["variants"].values(), key=lambda variant: variant["milliseconds"])
    return f"{best['milliseconds']:.4f} ms, check {best['check']:.15g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--cells", default="*", help="shell pattern of cell names")
    parser.add_argument("--peers", nargs="*", choices=PEERS, help="all if absent")
    parser.add_argument("--threads", nargs="*", type=int, help="by default 1 and all cores")
    parser.add_argument("--argmin", default=str(ROOT / ".build/release/argmin"))
    parser.add_argument("--budget", type=float, default=0.3, help="seconds of timing per variant")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", action="store_true", help="add to the rounds of earlier runs")
    parser.add_argument("--timeout", type=float, default=180, help="seconds for one cell")
    arguments = parser.parse_args()

    results = Results(arguments.results)
    for threads in arguments.threads or sorted({1, len(available_cores())}):
        running = contestants(threads, arguments)
        for _ in range(arguments.rounds):
            for cell in chosen_cells(arguments.cells):
                for contestant in running:
                    if cell.kind not in ONLY.get(contestant.key, [cell.kind]):
                        continue
                    record = {"peer": contestant.key, "cell": cell.name, "threads": threads}
                    record |= contestant.measure(cell)
                    record["time"] = datetime.datetime.now().isoformat(timespec="seconds")
                    record["load"] = os.getloadavg()[0]
                    record = results.add(record, arguments.keep)
                    text = f"{threads} {cell.name} {contestant.key}: {summary(record)}"
                    print(text, flush=True)
        for contestant in running:
            contestant.stop()


if __name__ == "__main__":
    main()
