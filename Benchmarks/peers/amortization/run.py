"""Times the training of amortized models by argmin and by JAX, one process each, and writes the section of RESULTS.md."""

import argparse
import fnmatch
import json
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(HERE.parent))

from sections import replace_section  # noqa: E402

# Argmin's cell and those of JAX.
CELLS = {"meta-ot": ["meta-ot", "meta-ot-products"], "vae": ["vae"], "lista": ["lista"]}
METHOD = """\
## Training amortized models

A thousand steps of training on the digits, seconds, medians of five; `argmin bench amortization` and JAX with the whole
step compiled, called step by step or in compiled scans of a hundred steps, all cores, one process each. Compilation is
apart. `meta-ot`: a network of three hidden layers of 256 predicts transport potentials, 128 pairs a step, the dual in
float64 (JAX: by `logsumexp`, and by the product of matrices that Argmin uses); `vae`: 64-128-8-128-64, 128 images;
`lista`: seven layers of 100, 256 images. The loss is the mean of the last hundred steps.
"""


def own(cell, tool):
    text = subprocess.run([tool, "bench", "amortization", "--cells", cell, "--json"], check=True,
                          capture_output=True, text=True).stdout
    return json.loads(text)[cell]


def peer(cell, per_call, repetitions):
    command = [sys.executable, str(HERE / "jax_cells.py"), cell, str(per_call), str(repetitions)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(text.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", default="*", help="a shell pattern")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--tool", default=str(ROOT / ".build/release/argmin"))
    parser.add_argument("--output", help="a JSON file for everything that was measured")
    options = parser.parse_args()
    measured, rows = {}, []
    for cell in fnmatch.filter(CELLS, options.cells):
        results = {"Argmin": own(cell, options.tool)}
        for variant in CELLS[cell]:
            suffix = "" if variant == cell else ", products"
            results[f"JAX{suffix}, step by step"] = peer(variant, 1, options.repetitions)
            results[f"JAX{suffix}, scans"] = peer(variant, 100, options.repetitions)
        measured[cell] = results
        best = statistics.median(results["Argmin"]["secondsPer1000Steps"])
        for name, result in results.items():
            median = statistics.median(result["secondsPer1000Steps"])
            compilation = result.get("compilation")
            rows.append(f"| {cell} | {name} | {median:.2f} | {median / best:.2f} | "
                        f"{'' if compilation is None else f'{compilation:.1f}'} | {result['loss']:.4f} |")
            print(rows[-1], flush=True)
    if options.output:
        Path(options.output).write_text(json.dumps(measured, indent=1))
    if set(measured) == set(CELLS):
        table = ["| model | system | seconds | times Argmin's | compilation | loss |",
                 "|---|---|---|---|---|---|", *rows]
        replace_section("amortization", METHOD + "\n" + "\n".join(table))


if __name__ == "__main__":
    main()
