"""Measures one peer with one number of threads: reads names of cells, answers a line of JSON each.

A process of its own for each peer and number of threads, since most libraries read the number of
threads from the environment when they are loaded.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from adapters import entry_for
from adapters.base import Peer
from problems import DATA_FOLDER, Batch, Reference, cell_named, errors

LEAST_RUNS = 3


def seconds_for(call: Callable[[], None]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def median_seconds(call: Callable[[], None], budget: float) -> tuple[float, int]:
    """The median time of a call and the number of calls, which fill the budget in seconds."""
    times = []
    while len(times) < LEAST_RUNS or sum(times) < budget:
        times.append(seconds_for(call))
    return statistics.median(times), len(times)


def step(peer: Peer) -> None:
    peer.forward()
    peer.backward()


def affordable_count(peer: Peer, batch: Batch, limit: float) -> int:
    """How many problems of the batch one step can take within the limit in seconds."""
    peer.prepare(batch.first(1))
    step(peer)
    seconds = seconds_for(lambda: step(peer))
    return min(batch.count, max(1, int(limit / seconds)))


def measure(
    peer: Peer,
    is_differentiable: bool,
    batch: Batch,
    reference: Reference,
    budget: float,
    limit: float,
) -> dict:
    """Times and errors; a peer too slow for the whole batch gets its first problems only."""
    count = affordable_count(peer, batch, limit)
    batch, reference = batch.first(count), reference.first(count)
    peer.prepare(batch)
    step(peer)
    forward, forward_runs = median_seconds(peer.forward, budget)
    found = {
        "timedItems": count,
        "forwardMilliseconds": forward * 1e3 / count,
        "forwardRuns": forward_runs,
    }
    if is_differentiable:
        backward, backward_runs = median_seconds(peer.backward, budget)
        found["backwardMilliseconds"] = backward * 1e3 / count
        found["backwardRuns"] = backward_runs
    found["errors"] = errors(peer.solution(), peer.gradient(), reference, batch.is_shared)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--data", type=Path, default=DATA_FOLDER)
    parser.add_argument("--budget", type=float, default=0.3, help="seconds of timing per pass")
    parser.add_argument("--limit", type=float, default=1.5, help="most seconds for one step")
    arguments = parser.parse_args()

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is not an answer
    entry = entry_for(arguments.peer)
    peer = entry.make(arguments.threads)
    for line in sys.stdin:
        cell = cell_named(line.strip())
        try:
            batch = Batch.load(arguments.data, cell)
            reference = Reference.load(arguments.data, cell)
            limits = arguments.budget, arguments.limit
            answer = measure(peer, entry.is_differentiable, batch, reference, *limits)
        except Exception as error:
            answer = {"failure": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
