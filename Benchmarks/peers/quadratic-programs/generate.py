"""Writes the random quadratic programs of every cell, for the peers (npz) and for argmin (JSON).

The generator is the customary one of the field, from the profiles of qpth and OptNet: L uniform,
Q = LL' + 1e-3 I, G, A, p, z0 normal, s0 uniform, h = Gz0 + s0, b = Az0. The loss is <upstream, x>
with a normal upstream. Files that exist are kept; the data depend on nothing but SEED.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from problems import BATCHES, DATA_FOLDER, SIZES, VARIANTS, Batch, Cell, all_cells

SEED = 20260


def random_batch(cell: Cell) -> Batch:
    n, m, e = cell.variables, cell.inequalities, cell.equalities
    size = SIZES.index((n, m, e))
    key = [SEED, size, BATCHES.index(cell.batch), VARIANTS.index(cell.variant)]
    random = np.random.default_rng(key)
    copies = () if cell.variant == "shared" else (cell.batch,)
    L = random.random((*copies, n, n))
    Q = L @ L.swapaxes(-1, -2) + 1e-3 * np.eye(n)
    G = random.standard_normal((*copies, m, n))
    A = random.standard_normal((*copies, e, n))
    z0 = random.standard_normal((cell.batch, n, 1))
    return Batch(
        Q=(Q + Q.swapaxes(-1, -2)) / 2,
        p=random.standard_normal((cell.batch, n)),
        G=G,
        h=(G @ z0)[..., 0] + random.random((cell.batch, m)),
        A=A,
        b=(A @ z0)[..., 0],
        upstream=random.standard_normal((cell.batch, n)),
    )


def problem_file(batch: Batch) -> dict:
    """The batch as problem JSON; shared matrices stand once, beside the problems."""
    vectors = ["p", "h", "b"]
    own = vectors if batch.is_shared else ["Q", "p", "G", "h", "A", "b"]
    problems = [
        {"kind": "qp"} | {name: getattr(batch, name)[item].tolist() for name in own}
        for item in range(batch.count)
    ]
    if not batch.is_shared:
        return {"kind": "batch", "problems": problems}
    shared = {name: getattr(batch, name).tolist() for name in ["Q", "G", "A"]}
    return {"kind": "batch", "shared": shared, "problems": problems}


def write_json(path: Path, content: object) -> None:
    """Numbers are written with as many digits as it takes to read the same double back."""
    path.write_text(json.dumps(content))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA_FOLDER, help="folder to write to")
    parser.add_argument("--cells", default="*", help="shell pattern of cell names")
    arguments = parser.parse_args()
    arguments.data.mkdir(parents=True, exist_ok=True)
    for cell in all_cells(arguments.cells):
        if (arguments.data / f"{cell.name}.npz").exists():
            continue
        batch = random_batch(cell)
        write_json(arguments.data / f"{cell.name}.json", problem_file(batch))
        upstream = [{"x": row} for row in batch.upstream.tolist()]
        write_json(arguments.data / f"{cell.name}.upstream.json", upstream)
        batch.save(arguments.data, cell)
        print(f"generated {cell.name}", flush=True)


if __name__ == "__main__":
    main()
