"""Prints how many problems each solver solved and in what time, and writes it to RESULTS.md."""

import argparse
import math
import statistics
import sys
from pathlib import Path

from fetch import CACHE, SETS
from run import HERE, Results
from solvers import OWN, SOLVERS

sys.path.append(str(Path(__file__).resolve().parents[1]))
from sections import RESULTS, replace_section  # noqa: E402

LEVELS = [1e-4, 1e-6, 1e-8]
SHIFT = 1.0  # seconds
PLAIN = 1e-6  # a point this good shows that a problem has a solution, and rays are wrong

METHOD = f"""\
Problems that others wrote: Maros-Meszaros, the Netlib linear programs, SDPLIB, the cone problems of
the DIMACS challenge, and programs in CBF (of those with integers the continuous relaxation); those
with at most a million nonzeros. One process for each problem and solver, one thread, a limit of
30 s. All solvers are asked for 1e-9; what they answer is measured
by one independent check: the largest of the relative residuals of primal and dual feasibility, the
gap, and the distances of s and y to their cones, on the data as given. A problem without a solution
counts as solved by a ray with b'y = -1 or c'x = -1 that is as accurate. `mean` is the
shifted geometric mean (shift {SHIFT:.0f} s) of the time for setup and solve, without reading the
file, where what is not solved to that accuracy counts with the limit. `Argmin there` and `Clarabel
there` are their means at 1e-8 on the problems that the solver of the row takes.
"""


DERIVATIVES = """\
### Backward pass

Milliseconds of one product with the transposed derivative, after the solve, and the largest relative
difference of a gradient block to Argmin's. Empty: the peer failed, or cannot take the problem. Many of
these problems have more than one primal or dual solution (all from Netlib, DIMACS and the designs and
portfolios in CBF): no derivative exists, and each method answers with an element of its own. On the
regular ones (mcp100, control1, HS21, HS35, DUAL1, PRIMALC1 and so on) Argmin's gradients agree with central
differences of its solutions to 1e-8.
"""

BATCHES = """\
### Batches of small problems

128 problems of one structure (maximum cuts of order 50: 32); milliseconds for the whole batch. `moreau` has
its default tolerance of 1e-8, `moreau-tight` 1e-10, which comes nearest to Argmin's residuals of 1e-15.
`residual` is the largest of the independent check. Where the gradients of the maximum cuts differ,
central differences agree with Argmin's to 1e-8.
"""


class Set:
    """The records of all solvers on one set."""

    def __init__(self, data: Path, name: str):
        found = {key: Results(data / "results", name, key).records() for key in [OWN, *SOLVERS]}
        self.records = {
            key: {name: record for name, record in records.items() if "skipped" not in record}
            for key, records in found.items()
        }
        self.solvable = {
            problem
            for records in self.records.values()
            for problem, record in records.items()
            if "ray" not in record and self.error(record) <= PLAIN
        }

    @staticmethod
    def error(record: dict) -> float:
        error = record.get("error")
        return math.inf if error is None else error

    def is_solved(self, key: str, problem: str, level: float) -> bool:
        record = self.records[key].get(problem, {})
        if "ray" in record and problem in self.solvable:
            return False
        return self.error(record) <= level and record["seconds"] <= record["limit"]

    def count(self, key: str, level: float) -> int:
        return sum(self.is_solved(key, problem, level) for problem in self.records[key])

    def mean(self, key: str, level: float, problems: set[str]) -> float:
        """The shifted geometric mean of the seconds, none if some were not measured."""
        records = self.records[key]
        if not problems or not problems <= records.keys():
            return math.nan
        times = [
            records[p]["seconds"] if self.is_solved(key, p, level) else records[p]["limit"]
            for p in problems
        ]
        return math.exp(sum(math.log(t + SHIFT) for t in times) / len(times)) - SHIFT


def shown(seconds: float) -> str:
    return "" if math.isnan(seconds) else f"{seconds:.3g}"


def table(found: Set) -> str:
    heads = [f"{level:.0e}".replace("e-0", "e-") for level in LEVELS]
    header = ["", "problems", *(f"solved {h}" for h in heads), *(f"mean {h}, s" for h in heads)]
    header += ["Argmin there", "Clarabel there"]
    rows = []
    for key in [OWN, *SOLVERS]:
        problems = set(found.records[key])
        if not problems:
            continue
        title = "Argmin" if key == OWN else SOLVERS[key].title
        row = [title, str(len(problems)), *(str(found.count(key, level)) for level in LEVELS)]
        row += [shown(found.mean(key, level, problems)) for level in LEVELS]
        row += [shown(found.mean(other, LEVELS[-1], problems)) for other in (OWN, "clarabel")]
        rows.append(row)
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def circumstances(found: list[Set]) -> str:
    """When each solver was measured, and under what load."""
    lines = ["| solver | from | to | load average: median, largest |", "| --- | --- | --- | ---: |"]
    for key in [OWN, *SOLVERS]:
        records = [record for one in found for record in one.records[key].values()]
        if not records:
            continue
        times = sorted(record["time"] for record in records)
        loads = [record["load"] for record in records]
        title = "Argmin" if key == OWN else SOLVERS[key].title
        load = f"{statistics.median(loads):.1f}, {max(loads):.1f}"
        lines.append(f"| {title} | {times[0]} | {times[-1]} | {load} |")
    return "\n".join(lines) + "\n"


def kept_table(data: Path, name: str, text: str) -> str:
    """A table that another script left in the folder of the results."""
    path = data / "results" / f"{name}.md"
    return f"\n{text}\n\n{path.read_text()}" if path.exists() else ""


def differences(found: Set) -> str:
    """Problems that Clarabel solves to 1e-8 and we do not, and the other way round."""
    if not found.records[OWN]:
        return ""
    mine, theirs = ({p for p in found.records[key] if found.is_solved(key, p, 1e-8)}
                    for key in (OWN, "clarabel"))
    text = ""
    if theirs - mine:
        text += f"\nOnly Clarabel reaches 1e-8 on: {', '.join(sorted(theirs - mine))}.\n"
    if mine - theirs:
        text += f"\nOnly Argmin reaches 1e-8 on: {', '.join(sorted(mine - theirs))}.\n"
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=CACHE, help="the folder of the sets")
    parser.add_argument("--print", action="store_true", help="only print, write nothing")
    arguments = parser.parse_args()
    sets = {name: Set(arguments.data, name) for name in SETS}
    text = f"## Cone programs\n\n{METHOD}"
    for name, found in sets.items():
        text += f"\n### {name}\n\n{table(found)}{differences(found)}"
    text += f"\n### When\n\n{circumstances(list(sets.values()))}"
    text += kept_table(arguments.data, "derivatives", DERIVATIVES)
    text += kept_table(arguments.data, "batches", BATCHES)
    misses = HERE / "misses.md"
    if misses.exists():
        text += f"\n### Misses\n\n{misses.read_text()}"
    print(text)
    if not arguments.print:
        replace_section("cone-programs", text, RESULTS)


if __name__ == "__main__":
    main()
