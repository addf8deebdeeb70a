"""Measures one peer with one number of threads: reads names of cells, answers a line of JSON each.

A process of its own for each peer and number of threads, since most libraries read the number of
threads from the environment when they are loaded.
"""

import argparse
import importlib
import json
import os
import statistics
import sys
import time

from cells import cell_named
from task import Task

MODULES = {"torch": "torch_cells", "jax": "jax_cells", "jax-eager": "jax_cells"}
LEAST_GROUPS = 5
GROUP_SECONDS = 0.01  # steps are timed in groups of about so long, or one by one


def seconds_for(task: Task, steps: int) -> float:
    start = time.perf_counter()
    for _ in range(steps):
        result = task.step()
    task.wait(result)
    return (time.perf_counter() - start) / steps


def median_milliseconds(task: Task, budget: float) -> float:
    """The median over groups of the time of a step, after a warm-up of a fifth of the budget."""
    seconds_for(task, 2)
    single = seconds_for(task, 1)
    steps = max(1, round(GROUP_SECONDS / max(single, 1e-9)))
    end = time.perf_counter() + budget / 5
    while time.perf_counter() < end:
        single = seconds_for(task, steps)
    steps = max(1, round(GROUP_SECONDS / single))
    times = []
    while len(times) < LEAST_GROUPS or sum(times) * steps < budget:
        times.append(seconds_for(task, steps))
    return statistics.median(times) * 1e3


def measure(variants: dict, name: str, budget: float) -> dict:
    cell = cell_named(name)
    found = {}
    for variant, make in variants.items():
        check = make(cell).check()
        found[variant] = {"milliseconds": median_milliseconds(make(cell), budget), "check": check}
    return {"variants": found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=MODULES)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--budget", type=float, default=0.5, help="seconds of timing per variant")
    arguments = parser.parse_args()

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is not an answer
    module = importlib.import_module(MODULES[arguments.peer])
    module.set_threads(arguments.threads)
    kinds = module.PEERS[arguments.peer]
    for line in sys.stdin:
        name = line.strip()
        try:
            answer = measure(kinds[cell_named(name).kind], name, arguments.budget)
        except Exception as error:
            answer = {"failure": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
