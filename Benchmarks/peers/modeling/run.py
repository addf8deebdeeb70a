"""Times argmin's modelling language and cvxpylayers on the same problems, and compares the answers.

Each system and cell runs in a process of its own with a limit of time and memory. The table goes to
RESULTS.md; x and the gradients of Argmin are the reference for the differences.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(HERE.parent))

from sections import replace_section  # noqa: E402

# Those of cells.py, which is only read where they are measured: CVXPY takes its time and memory.
CELLS = ["build-100", "build-400", "build-1000", "build-4000", "small-10", "dense-128",
         "sparse-1024", "logistic-100x20", "control-4x2"]
OWN = "argmin"
# cvxpylayers' default, the same at a tolerance as of the others, and its Moreau back end.
PEERS = ["diffcp", "diffcp-tight", "clarabel", "moreau", "moreau-tight"]
SOLVERS = {"diffcp": (None, {}), "diffcp-tight": (None, {"eps": 1e-10}),
           "clarabel": (None, {"solve_method": "Clarabel"}), "moreau": ("MOREAU", {}),
           "moreau-tight": ("MOREAU", {"tol_gap_abs": 1e-10, "tol_gap_rel": 1e-10,
                                       "tol_feas": 1e-10})}
METHOD = """\
## Modelling language

`argmin bench modeling` and cvxpylayers on the same problems with the same numbers, one process each, all cores.
Build is the time from the first line of the model to the layer; forward and backward are medians for the whole batch,
with gradients with respect to all parameters. The differences are the largest to Argmin's x and
gradients, relative to the largest number of these. `diffcp` is cvxpylayers' default (SCS with its own
tolerance), `clarabel` the same with Clarabel, `moreau` its newest back end; `-tight` asks for 1e-10. Peak memory is that of the process, with what it loads.
Where Moreau's gradients differ by more than its tolerance, Argmin's are the right ones: of sparse-1024, whose
equalities leave one point, the gradient is A⁻ᵀ1, from which Argmin's differs by 1e-13; of control-4x2 diffcp at 1e-10
agrees with Argmin. build-4000 has 16 million parameters.
"""


def with_cvxpylayers(name: str, peer: str) -> dict:
    import torch
    from cells import CELLS as MODELS
    from cvxpylayers.torch import CvxpyLayer

    cell = MODELS[name]()
    solver, options = SOLVERS[peer]
    times = {"buildSeconds": [], "forwardSeconds": [], "backwardSeconds": []}
    began = time.perf_counter()
    while not times["buildSeconds"] or (
            len(times["buildSeconds"]) < 7 and time.perf_counter() - began < 3):
        start = time.perf_counter()
        problem, parameters, variable = cell.build()
        layer = CvxpyLayer(problem, parameters, [variable], solver=solver)
        times["buildSeconds"].append(time.perf_counter() - start)
    if not cell.values:
        return times
    repetitions = 6
    for repetition in range(repetitions):
        values = [torch.tensor(value, dtype=torch.float64, requires_grad=True)
                  for value in cell.values]
        start = time.perf_counter()
        solution, = layer(*values, solver_args=options)
        middle = time.perf_counter()
        solution.sum().backward()
        end = time.perf_counter()
        if repetition > 0:
            times["forwardSeconds"].append(middle - start)
            times["backwardSeconds"].append(end - middle)
        if repetition > 0 and end - began > 60:
            break
    return times | {"x": solution.detach().numpy().ravel().tolist(),
                    "gradients": [value.grad.numpy().ravel().tolist() for value in values]}


def in_process(name: str, peer: str, tool: str, limit: float) -> dict:
    if peer == OWN:
        command = [tool, "bench", "modeling", "--cells", name, "--json"]
    else:
        command = [sys.executable, str(HERE / "run.py"), "--one", name, "--peer", peer]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as complaints:
        child = subprocess.Popen(command, stdout=out, stderr=complaints)
        alarm = threading.Timer(limit, child.kill)
        alarm.start()
        _, status, usage = os.wait4(child.pid, 0)
        is_in_time = alarm.is_alive()
        alarm.cancel()
        for stream in (out, complaints):
            stream.seek(0)
        if not is_in_time:
            return {"failure": f"over {limit:.0f} s"}
        if status != 0:
            lines = complaints.read().decode(errors="replace").strip().splitlines()
            return {"failure": lines[-1][:80] if lines else f"ended with {status}"}
        record = json.loads(out.read().splitlines()[-1] if peer != OWN else out.read())
    record = record[name] if peer == OWN else record
    return record | {"megabytes": usage.ru_maxrss / 1024}


def apart(first: list, second: list) -> float:
    v, w = np.array(first, dtype=float).ravel(), np.array(second, dtype=float).ravel()
    return float(np.abs(v - w).max(initial=0) / max(np.abs(w).max(initial=0), 1e-300))


def milliseconds(seconds: list) -> str:
    return f"{statistics.median(seconds) * 1e3:.3g}" if seconds else ""


def row(name: str, peer: str, record: dict, reference: dict) -> str:
    if "failure" in record:
        return f"| {name} | {peer} | {record['failure']} | | | | | |"
    times = (milliseconds(record.get(f"{way}Seconds", [])) for way in
             ("build", "forward", "backward"))
    cells = [name, peer, *times, f"{record['megabytes']:.0f}"]
    if peer != OWN and record.get("x") and reference.get("x"):
        cells.append(f"{apart(record['x'], reference['x']):.0e}")
        gradients = (np.concatenate(one["gradients"]) for one in (record, reference))
        cells.append(f"{apart(*gradients):.0e}")
    else:
        cells += ["", ""]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", nargs="*", choices=CELLS, default=CELLS)
    parser.add_argument("--peers", nargs="*", choices=[OWN, *PEERS], default=[OWN, *PEERS])
    parser.add_argument("--limit", type=float, default=120, help="seconds for a cell and a peer")
    parser.add_argument("--argmin", default=str(ROOT / ".build/release/argmin"))
    parser.add_argument("--results", type=Path, default=HERE.parents[1] / "data/modeling.json")
    parser.add_argument("--one", choices=CELLS, help="measure this cell, in this process")
    parser.add_argument("--peer", choices=PEERS)
    arguments = parser.parse_args()
    if arguments.one:
        memory = 12 << 30
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        print(json.dumps(with_cvxpylayers(arguments.one, arguments.peer)))
        return
    found = json.loads(arguments.results.read_text()) if arguments.results.exists() else {}
    for name in arguments.cells:
        for peer in arguments.peers:
            record = in_process(name, peer, arguments.argmin, arguments.limit)
            found.setdefault(name, {})[peer] = record
            print(row(name, peer, record, found[name].get(OWN, {})), flush=True)
            arguments.results.parent.mkdir(parents=True, exist_ok=True)
            arguments.results.write_text(json.dumps(found))
    lines = ["| cell | system | build, ms | forward, ms | backward, ms | peak, MB | x | gradients |",
             "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for name in CELLS:
        for peer in [OWN, *PEERS]:
            if peer in found.get(name, {}):
                lines.append(row(name, peer, found[name][peer], found[name].get(OWN, {})))
    replace_section("modeling", METHOD + "\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
