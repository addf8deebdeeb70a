"""Writes its section of RESULTS.md from results.json: nothing in it is typed in by hand but the method."""

import argparse
import json
import math
import sys
from pathlib import Path

from adapters import ENTRIES, entry_for
from problems import BLOCKS, DATA_FOLDER, VARIANTS, Cell, Reference, all_cells, cell_named
from run import OWN

sys.path.append(str(Path(__file__).resolve().parents[1]))
from sections import RESULTS, replace_section  # noqa: E402

RIGHT_SOLUTION = 1e-6  # largest error of x of an answer that counts
RIGHT_GRADIENT = 1e-5  # largest error of a gradient block of an answer that counts
ROUNDING = 1e-10  # errors below are all the same: conditioning and rounding decide
BACKWARD_GOAL = 10  # how many times faster our backward pass is meant to be

METHOD = f"""\
Each problem is minimize 1/2 x'Qx + p'x subject to Gx <= h, Ax = b, dense, from the customary
generator of the field (qpth, OptNet): L uniform, Q = LL' + 1e-3 I, the rest normal, slacks
uniform. A cell is a size (n variables, m inequalities, e equalities), a batch of B problems, and a
variant: `separate` data for each problem, or `shared` Q, G and A. All solvers read the same
numbers.

*Forward* takes all data anew, as a step of training does, and solves; what a training loop makes
once (compiled problem, workspaces) is made outside. *Backward* is the gradient of <w, x> for a
random w with respect to all of Q, p, G, h, A, b, delivered as arrays for the batch (summed for
shared matrices). The numbers are medians of wall-clock milliseconds per problem after a warm-up.
Each peer runs in a process of its own for each number of threads, pinned to as many cores; cells
are the outer loop. Peers are called from Python, as their users call them. A peer that would take
too long for a batch is timed on its first problems, marked `*`.

*Errors* are against references solved on the active set with extended-precision refinement, whose
optimality conditions hold to 1e-12: the largest over the batch of |v - v*| / (1 + |v*|) in the
maximum norm, dQ symmetrized. A time stands for a right answer if the error of x is at most
{RIGHT_SOLUTION:.0e} (forward) and that of every gradient block at most {RIGHT_GRADIENT:.0e}
(backward); a wrong one is marked `!` and counts for nothing. A solver that throws, dies or does
not answer is marked `failed`.

*Goals*: forward faster than every right peer, with an error of x no larger than the most accurate
of them or than {ROUNDING:.0e}; backward at least {BACKWARD_GOAL} times faster than the fastest
right peer.
"""

WHY = """What stands behind the missed cells, as far as profiles and experiments tell:

* batches of one: workspaces are made anew in each call; at n = 10 about half of the one to two
  microseconds of a backward pass are some thirty small allocations and reference counting;
* small batches on two threads: waking the second thread costs about ten microseconds;
* batches of 128 with separate data: data, factors and gradients together are 5 to 100 MB, more than
  the caches hold, and memory traffic sets the time (to keep freed memory for the next call, or to
  back it by large pages, was tried and changes nothing);
* cells near the bar change sides from run to run: on this virtual machine the same binary varies by
  20 to 50 %.
"""


class Measurements:
    """The records by peer, cell and threads, and what they are worth."""

    def __init__(self, content: dict):
        self.records = {(r["peer"], r["cell"], r["threads"]): r for r in content["records"]}
        self.thread_counts = sorted({r["threads"] for r in content["records"]})
        self.cells = {
            threads: [cell for cell in all_cells() if self.is_measured(cell, threads)]
            for threads in self.thread_counts
        }

    def is_measured(self, cell: Cell, threads: int) -> bool:
        return any(key[1:] == (cell.name, threads) for key in self.records)

    def record(self, peer: str, cell: Cell, threads: int) -> dict:
        return self.records.get((peer, cell.name, threads), {})

    def right_peers(self, cell: Cell, threads: int, quantity: "Quantity") -> dict[str, dict]:
        """The records of the peers whose answer is right, by key."""
        found = {entry.key: self.record(entry.key, cell, threads) for entry in ENTRIES}
        return {key: record for key, record in found.items() if quantity.is_right(record)}


class Quantity:
    """Forward or backward: where its time and its error stand in a record."""

    def __init__(self, title: str, field: str, blocks: list[str], bar: float):
        self.title = title
        self.field = field
        self.blocks = blocks
        self.bar = bar

    def time(self, record: dict) -> float | None:
        return record.get(self.field)

    def error(self, record: dict) -> float:
        found = record.get("errors", {})
        return max((found[block] for block in self.blocks if block in found), default=math.inf)

    def is_right(self, record: dict) -> bool:
        return self.time(record) is not None and self.error(record) <= self.bar


FORWARD = Quantity("Forward", "forwardMilliseconds", ["x"], RIGHT_SOLUTION)
BACKWARD = Quantity("Backward", "backwardMilliseconds", BLOCKS, RIGHT_GRADIENT)


def fastest(peers: dict[str, dict], quantity: Quantity) -> str | None:
    return min(peers, key=lambda key: quantity.time(peers[key]), default=None)


def ratio(measurements: Measurements, cell: Cell, threads: int, quantity: Quantity) -> float | None:
    """How many times faster we are than the fastest right peer; none if either is missing."""
    own = measurements.record(OWN, cell, threads)
    peers = measurements.right_peers(cell, threads, quantity)
    best = fastest(peers, quantity)
    if best is None or quantity.time(own) is None:
        return None
    return quantity.time(peers[best]) / quantity.time(own)


def misses(measurements: Measurements, cell: Cell, threads: int, quantity: Quantity) -> list[str]:
    """In what our goal is missed in a cell; empty if it is met."""
    own = measurements.record(OWN, cell, threads)
    if "failure" in own:
        return [f"failed: {own['failure']}"]
    if quantity.time(own) is None:
        return ["not measured"]
    found = []
    if not quantity.is_right(own):
        found.append(f"error {quantity.error(own):.0e}")
    peers = measurements.right_peers(cell, threads, quantity)
    best = fastest(peers, quantity)
    if best is None:
        return found
    factor = ratio(measurements, cell, threads, quantity)
    if factor < (BACKWARD_GOAL if quantity is BACKWARD else 1):
        found.append(f"{factor:.2f} times as fast as {entry_for(best).title}")
    accuracy = max(ROUNDING, min(quantity.error(record) for record in peers.values()))
    if quantity is FORWARD and quantity.error(own) > accuracy:
        found.append(f"error {quantity.error(own):.0e}, the most accurate peer's {accuracy:.0e}")
    return found


def table(header: list[str], rows: list[list[str]]) -> str:
    alignment = ["---"] + ["---:"] * (len(header) - 1)
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, alignment, *rows]) + "\n"


def counted(threads: int) -> str:
    return "1 thread" if threads == 1 else f"{threads} threads"


def label(cell: Cell) -> str:
    return f"{cell.variables}, {cell.inequalities}, {cell.equalities} x {cell.batch}"


def shown_time(record: dict, cell: Cell, quantity: Quantity) -> str:
    if "failure" in record:
        return "failed"
    if quantity.time(record) is None:
        return ""
    marks = "" if quantity.is_right(record) else "!"
    marks += "*" if record["timedItems"] < cell.batch else ""
    return f"{quantity.time(record):.3g}{marks}"


def shown_error(record: dict, quantity: Quantity) -> str:
    if quantity.time(record) is None:
        return "failed" if "failure" in record else ""
    return f"{quantity.error(record):.0e}"


def section(measurements: Measurements, variant: str, threads: int, quantity: Quantity) -> str:
    """The tables of times and errors of one variant, number of threads and pass."""
    cells = [cell for cell in measurements.cells[threads] if cell.variant == variant]
    if not cells:
        return ""
    keys = [OWN] + [entry.key for entry in ENTRIES]
    if quantity is BACKWARD:
        keys = [k for k in keys if k == OWN or entry_for(k).is_differentiable]
    titles = ["Argmin"] + [entry_for(key).title for key in keys[1:]]
    times, accuracies = [], []
    for cell in cells:
        records = [measurements.record(key, cell, threads) for key in keys]
        best = fastest(measurements.right_peers(cell, threads, quantity), quantity)
        factor = ratio(measurements, cell, threads, quantity)
        times.append(
            [label(cell)]
            + [shown_time(record, cell, quantity) for record in records]
            + [entry_for(best).title if best else "none", f"{factor:.2f}" if factor else ""]
        )
        accuracies.append([label(cell)] + [shown_error(record, quantity) for record in records])
    heading = f"### {quantity.title}, {variant} data, {counted(threads)}\n\n"
    unit = "Milliseconds per problem; the last column is how many times faster Argmin is.\n\n"
    what = "Error of x.\n\n" if quantity is FORWARD else "Largest error of a gradient block.\n\n"
    first = "n, m, e x B"
    return (
        heading
        + unit
        + table([first, *titles, "fastest right peer", "ratio"], times)
        + "\n"
        + what
        + table([first, *titles], accuracies)
        + "\n"
    )


def goals(measurements: Measurements) -> str:
    lines = []
    for quantity in (FORWARD, BACKWARD):
        missed = []
        for threads in measurements.thread_counts:
            for cell in measurements.cells[threads]:
                found = misses(measurements, cell, threads, quantity)
                if found:
                    place = f"{cell.variant} {label(cell)}, {counted(threads)}"
                    missed.append(f"* {place}: {'; '.join(found)}")
        total = sum(len(cells) for cells in measurements.cells.values())
        lines.append(f"{quantity.title}: met in {total - len(missed)} of {total} cells.")
        lines += ["", *missed, ""] if missed else [""]
    return "\n".join(lines)


def setting(content: dict) -> str:
    """The machine, the time and the load, the versions and how each peer is set."""
    machine = content["machine"]
    records = content["records"]
    times = sorted(record["time"] for record in records)
    loads = sorted(record["load"] for record in records)
    versions = ", ".join(f"{name} {version}" for name, version in content["versions"].items())
    peers = table(
        ["peer", "settings"], [[entry.title, entry.settings] for entry in ENTRIES]
    ).replace("---:", "---")
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']} "
        f"{machine['architecture']}; measured from {times[0]} to {times[-1]}, with a load average "
        f"of {loads[len(loads) // 2]:.1f} (median; largest {loads[-1]:.1f}). Argmin is "
        f"{content['argmin']}; {versions}.\n\n{peers}"
    )


def notes(measurements: Measurements) -> str:
    """Every failure, and every batch that was timed in part."""
    lines = []
    for (peer, name, threads), record in measurements.records.items():
        cell = cell_named(name)
        place = f"{peer}, {cell.variant} {label(cell)}, {counted(threads)}"
        if "failure" in record:
            lines.append(f"* {place}: failed, {record['failure']}")
        elif record["timedItems"] < cell.batch:
            lines.append(f"* {place}: timed on {record['timedItems']} problems")
    return "\n".join(lines) + "\n" if lines else "None.\n"


def margins(measurements: Measurements, data: Path) -> str:
    cells = {cell for cells in measurements.cells.values() for cell in cells}
    least = min(Reference.load(data, cell).margin.min() for cell in cells)
    return (
        "The least multiplier of an active constraint or slack of an inactive one over all "
        f"problems is {least:.0e}: every problem is differentiable.\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA_FOLDER)
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    content = json.loads((arguments.data / "results.json").read_text())
    measurements = Measurements(content)
    sections = [
        section(measurements, variant, threads, quantity)
        for variant in VARIANTS
        for threads in measurements.thread_counts
        for quantity in (FORWARD, BACKWARD)
    ]
    text = (
        "# Dense quadratic programs, side by side\n\n"
        "Written by `Benchmarks/peers/quadratic-programs/run.sh`; do not edit.\n\n"
        f"## Goals\n\n{goals(measurements)}\n{WHY}\n"
        f"## Method\n\n{METHOD}\n{margins(measurements, arguments.data)}\n"
        f"## Machine, versions, settings\n\n{setting(content)}\n"
        f"## Times and errors\n\n{''.join(sections)}"
        f"## Failures and partial batches\n\n{notes(measurements)}"
    )
    replace_section("quadratic-programs", text, arguments.output)


if __name__ == "__main__":
    main()
