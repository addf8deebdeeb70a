"""Times how long argmin and cvxpylayers take to build a layer of each of the thirty problems."""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from sections import replace_section  # noqa: E402

METHOD = """\
## Building thirty problems

From the first line of the model to the layer, medians of seven, milliseconds; cvxpylayers with its default back end. What it
says of a problem that it refuses stands in its place. `factor-portfolio` needs a variable by hand in CVXPY.
"""


def with_cvxpylayers(name):
    from cvxpylayers.torch import CvxpyLayer
    from problems import PROBLEMS

    seconds = []
    for _ in range(7):
        start = time.perf_counter()
        problem, parameters, variables = PROBLEMS[name]()
        CvxpyLayer(problem, parameters, variables)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--argmin", default=str(HERE.parents[2] / ".build/release/argmin"))
    arguments = parser.parse_args()
    from problems import PROBLEMS

    text = subprocess.run([arguments.argmin, "bench", "modeling", "--cells", "problem-*", "--json"],
                          check=True, capture_output=True, text=True).stdout
    own = {name: statistics.median(record["buildSeconds"])
           for name, record in json.loads(text).items()}
    rows, ratios = [], []
    for name in PROBLEMS:
        ours = own[f"problem-{name}"] * 1e3
        try:
            theirs = with_cvxpylayers(name) * 1e3
        except Exception as error:  # What CVXPY refuses is a result.
            rows.append(f"| {name} | {ours:.2f} | {str(error).splitlines()[0][:60]} | |")
        else:
            ratios.append(theirs / ours)
            rows.append(f"| {name} | {ours:.2f} | {theirs:.1f} | {theirs / ours:.0f} |")
        print(rows[-1], flush=True)
    summary = (f"Geometric mean of the ratios: {statistics.geometric_mean(ratios):.0f}; "
               f"all thirty: {1e3 * sum(own.values()):.0f} ms.")
    print(summary)
    table = ["| problem | Argmin | cvxpylayers | ratio |", "| --- | ---: | ---: | ---: |", *rows]
    replace_section("builds", METHOD + "\n" + "\n".join(table) + "\n\n" + summary)


if __name__ == "__main__":
    main()
