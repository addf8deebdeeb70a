"""Writes its section of RESULTS.md from tensors.json: only the method is typed in by hand."""

import argparse
import json
import sys
from pathlib import Path

from cells import CELLS, CHAIN_LENGTH, TOLERANCES, Cell
from run import OWN, RESULTS

sys.path.append(str(Path(__file__).resolve().parents[1]))
import sections  # noqa: E402

TITLES = {OWN: "argmin", "torch": "PyTorch", "jax": "JAX jit", "jax-eager": "JAX eager"}
# The cells whose matrices are large enough that operations cost more than calling them.
LARGE = ["mlp-256-b256", "cholesky-50-b128", "sinkhorn-256"]

METHOD = """\
The same mathematics on the same numbers, which every system makes from the same formulas
(`Benchmarks/peers/tensors/cells.py`); a check value per cell shows that all computed the same. One
step of

* `mlp-S-bB`: forward, softmax cross-entropy, backward, Adam; 3 hidden layers of S, tanh, batch B.
* `maml`: a second-order meta-step of MAML; 25 sinusoids as one batch, 10 + 10 points, a rectifier
  network 1-40-40-1, 5 inner steps, Adam on the initial parameters.
* `hvp-S-bB`: the product of the first network's Hessian with a direction.
* `cholesky-N-bB`: x = A^-1 b through Cholesky for B matrices of size N, sum(x^2), and its gradient
  by A and b.
* `sinkhorn-N`: 100 Sinkhorn iterations in the log domain on N x N, and the gradient of the
  transport cost by the costs, through all of them.
* `chain-forward`, `chain-gradient`: 100 elementwise operations (tanh, times, plus) on 16 elements,
  and its gradient.

A round gives the median over 0.3 s of steps after a warm-up, in milliseconds per step; the number
is the least of these medians over the rounds, since other work on a machine only ever adds. Rounds
are the outer loop, then cells, then systems. PyTorch is eager, JAX compiles a whole step; of
several customary ways to write a cell the fastest counts, for each number of threads (it is named
below). Each system runs in a process of its own, pinned to as many cores as threads. Compiling is
not counted. PyTorch and JAX are called from Python, as their users call them.
"""


class Measurements:
    def __init__(self, content: dict):
        self.records = {
            (record["peer"], record["cell"], record["threads"]): record
            for record in content["records"]
        }
        self.thread_counts = sorted({threads for _, _, threads in self.records})

    def best(self, peer: str, cell: Cell, threads: int) -> tuple[str, dict] | None:
        """The fastest variant by name, with its record."""
        variants = self.records.get((peer, cell.name, threads), {}).get("variants")
        if not variants:
            return None
        return min(variants.items(), key=lambda item: item[1]["milliseconds"])

    def milliseconds(self, peer: str, cell: Cell, threads: int) -> float | None:
        best = self.best(peer, cell, threads)
        return best[1]["milliseconds"] if best else None

    def checks(self, cell: Cell) -> dict[str, list[float]]:
        """All check values of a cell by peer: every variant, every number of threads."""
        found = {}
        for (peer, name, _), record in self.records.items():
            if name == cell.name and "variants" in record:
                values = [variant["check"] for variant in record["variants"].values()]
                found.setdefault(peer, []).extend(values)
        return found


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def counted(threads: int) -> str:
    return f"{threads} thread" if threads == 1 else f"{threads} threads"


def shown(milliseconds: float | None) -> str:
    return "-" if milliseconds is None else f"{milliseconds:.3g}"


def ratio(peer: float | None, own: float | None) -> str:
    return "-" if peer is None or own is None else f"{peer / own:.2f}"


def is_large(cell: Cell) -> bool:
    return any(cell.name.startswith(name) for name in LARGE)


def goals(measurements: Measurements) -> str:
    """What is met, and by how much each missed cell misses it."""
    text = ""
    for peer in ("torch", "jax"):
        missed, count = [], 0
        for threads in measurements.thread_counts:
            for cell in CELLS:
                own = measurements.milliseconds(OWN, cell, threads)
                other = measurements.milliseconds(peer, cell, threads)
                if own is None or other is None:
                    continue
                count += 1
                wanted = 3 if peer == "torch" and not is_large(cell) else 1
                if other / own < wanted:
                    place = f"{cell.name}, {counted(threads)}"
                    missed.append(f"* {place}: {other / own:.2f} times as fast\n")
        wanted = (
            "at least 3 times as fast at the small sizes, no slower at the large"
            if peer == "torch"
            else "no slower"
        )
        met = f"met in {count - len(missed)} of {count} cells"
        text += f"Beside {TITLES[peer]} ({wanted}): {met}.\n\n"
        text += "".join(missed) + "\n" if missed else ""
    return text


def times(measurements: Measurements, threads: int) -> str:
    rows = []
    for cell in CELLS:
        own, torch, jax = (
            measurements.milliseconds(peer, cell, threads) for peer in (OWN, "torch", "jax")
        )
        rows.append(
            [cell.name, shown(own), shown(torch), shown(jax), ratio(torch, own), ratio(jax, own)]
        )
    head = ["ms per step", "argmin", "PyTorch", "JAX jit", "PyTorch / argmin", "JAX / argmin"]
    return f"### {counted(threads).capitalize()}\n\n{table(head, rows)}\n"


def overheads(measurements: Measurements) -> str:
    rows = []
    for cell in CELLS:
        if not cell.kind.startswith("chain"):
            continue
        for threads in measurements.thread_counts:
            row = [f"{cell.kind.removeprefix('chain-')}, {counted(threads)}"]
            for peer in TITLES:
                milliseconds = measurements.milliseconds(peer, cell, threads)
                each = None if milliseconds is None else milliseconds / CHAIN_LENGTH * 1e6
                row.append("-" if each is None else f"{each:.0f}")
            rows.append(row)
    return table(["ns per operation", *TITLES.values()], rows)


def agreement(measurements: Measurements) -> str:
    rows = []
    for cell in CELLS:
        checks = measurements.checks(cell)
        values = [value for found in checks.values() for value in found]
        if not values:
            continue
        reference = checks["torch"][0] if "torch" in checks else values[0]
        scale = abs(reference)
        worst = max(abs(value - reference) / scale for value in values)
        tolerance = TOLERANCES[cell.dtype]
        row = [cell.name, f"{reference:.12g}"]
        for peer in TITLES:
            found = checks.get(peer, [])
            errors = [abs(value - reference) / scale for value in found]
            row.append(f"{max(errors):.0e}" if errors else "-")
        rows.append([*row, f"{tolerance:.0e}", "yes" if worst <= tolerance else "**no**"])
    return table(["cell", "check", *TITLES.values(), "tolerance", "agree"], rows)


def variants(measurements: Measurements) -> str:
    rows = []
    for cell in CELLS:
        row = [cell.name]
        for peer in ("torch", "jax"):
            names = [
                best[0]
                for threads in measurements.thread_counts
                if (best := measurements.best(peer, cell, threads))
            ]
            row.append("; ".join(dict.fromkeys(names)) or "-")
        rows.append(row)
    return table(["fastest", "PyTorch", "JAX"], rows).replace("---:", "---")


def conditions(records: list[dict]) -> list[list[str]]:
    """When, how often and beside how much other work each system was measured."""
    rows = []
    for peer, title in TITLES.items():
        own = [record for record in records if record["peer"] == peer and "variants" in record]
        if not own:
            continue
        rounds = {len(v["rounds"]) for record in own for v in record["variants"].values()}
        loads = sorted(record["load"] for record in own)
        moments = sorted(record["time"] for record in own)
        counts = f"{min(rounds)} to {max(rounds)}" if len(rounds) > 1 else f"{min(rounds)}"
        load = f"{loads[len(loads) // 2]:.1f}, {loads[-1]:.1f}"
        rows.append([title, counts, moments[0], moments[-1], load])
    return rows


def setting(content: dict) -> str:
    machine = content["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in content["versions"].items())
    head = ["system", "rounds", "from", "to", "load average: median, largest"]
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']} "
        f"{machine['architecture']}; argmin {content['argmin']}, {versions}. More rounds favour a "
        "system and more load hinders it (times are those of the last round of a cell):\n\n"
        f"{table(head, conditions(content['records']))}"
    )


def failures(measurements: Measurements) -> str:
    lines = [
        f"* {TITLES[peer]}, {name}, {counted(threads)}: {record['failure']}\n"
        for (peer, name, threads), record in measurements.records.items()
        if "failure" in record
    ]
    return f"## Failures of tensor cells\n\n{''.join(lines)}" if lines else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--output", type=Path, default=sections.RESULTS)
    arguments = parser.parse_args()
    content = json.loads(arguments.results.read_text())
    measurements = Measurements(content)
    text = (
        "# Tensors and derivatives, side by side\n\n"
        "Written by `Benchmarks/peers/tensors/run.sh`; do not edit.\n\n"
        f"## Goals of tensors\n\n{goals(measurements)}"
        f"## Method of tensors\n\n{METHOD}\n{setting(content)}\n"
        "## Times of tensors\n\n"
        + "".join(times(measurements, threads) for threads in measurements.thread_counts)
        + f"## Cost of one operation\n\n{overheads(measurements)}\n"
        "JAX jit fuses the whole chain; what it takes is mostly the call.\n\n"
        "## Agreement\n\nThe check value, and the largest relative difference of each system's "
        f"variants from PyTorch's first.\n\n{agreement(measurements)}\n"
        f"## Ways that were fastest\n\n{variants(measurements)}\n{failures(measurements)}"
    )
    sections.replace_section("tensors", text, arguments.output)


if __name__ == "__main__":
    main()
