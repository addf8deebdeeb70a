"""Batches of small cone programs, as problem JSON: argmin and Moreau solve and differentiate them.

Each batch is NAME.json with NAME.upstream.json, an upstream gradient for the x of each problem.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import scipy.sparse as sparse

from fetch import CACHE
from problem import Cone, ConeProblem
from read_sdpa import packed_index


def logistic_regression(random: np.random.Generator, samples: int = 100, features: int = 20):
    """minimize sum_i t_i + 0.05 |theta|^2 with t_i >= log(1 + exp(-label_i a_i'theta)).

    As exp(-label_i a_i'theta - t_i) <= u_i, exp(-t_i) <= v_i, u_i + v_i <= 1.
    """
    data = random.standard_normal((samples, features)) / np.sqrt(features)
    truth = random.standard_normal(features) * 3
    chance = 1 / (1 + np.exp(-data @ truth))
    labels = np.where(random.random(samples) < chance, 1.0, -1.0)
    n = features + 3 * samples
    t, u, v = (features + k * samples + np.arange(samples) for k in range(3))
    A, b = np.zeros((7 * samples, n)), np.zeros(7 * samples)
    sums = np.arange(samples)
    A[sums, u] = A[sums, v] = b[sums] = 1
    first, second = samples + 6 * sums, samples + 6 * sums + 3
    A[first, :features] = labels[:, None] * data
    A[first, t] = A[second, t] = 1
    A[first + 2, u] = A[second + 2, v] = -1
    b[first + 1] = b[second + 1] = 1
    c = np.zeros(n)
    c[t] = 1
    P = sparse.diags(np.where(np.arange(n) < features, 0.1, 0)).tocsc()
    P.eliminate_zeros()
    return ConeProblem(P, c, sparse.csc_matrix(A), b, Cone(l=samples, ep=2 * samples))


def robust_least_squares(random: np.random.Generator, samples: int = 50, features: int = 30):
    """minimize t + 0.5 r subject to |Bx - d| <= t, |x| <= r."""
    B, d = random.standard_normal((samples, features)), random.standard_normal(samples)
    rows, n = samples + features + 2, features + 2
    A, b = np.zeros((rows, n)), np.zeros(rows)
    A[0, features] = -1
    A[1 : samples + 1, :features], b[1 : samples + 1] = -B, -d
    A[samples + 1, features + 1] = -1
    A[samples + 2 :, :features] = -np.eye(features)
    c = np.zeros(n)
    c[features:] = 1, 0.5
    cone = Cone(q=[samples + 1, features + 1])
    return ConeProblem(sparse.csc_matrix((n, n)), c, sparse.csc_matrix(A), b, cone)


def maximum_cut(random: np.random.Generator, order: int):
    """minimize -<L, X> / 4 subject to X positive semidefinite with a diagonal of ones."""
    weights = np.triu(random.random((order, order)), 1)
    weights += weights.T
    laplacian = np.diag(weights.sum(axis=1)) - weights
    n = order * (order + 1) // 2
    columns, rows = np.triu_indices(order)
    scale = np.where(rows == columns, 1, np.sqrt(2))
    c = -laplacian[rows, columns] * scale / 4
    diagonal = [packed_index(order, i, i) for i in range(order)]
    equalities = sparse.csc_matrix((np.ones(order), (range(order), diagonal)), (order, n))
    A = sparse.vstack([equalities, -sparse.identity(n)]).tocsc()
    b = np.concatenate([np.ones(order), np.zeros(n)])
    return ConeProblem(sparse.csc_matrix((n, n)), c, A, b, Cone(z=order, s=[order]))


BATCHES = {
    "logistic-100x20": (128, logistic_regression),
    "second-order-50x30": (128, robust_least_squares),
    "max-cut-10": (128, lambda random: maximum_cut(random, 10)),
    "max-cut-20": (128, lambda random: maximum_cut(random, 20)),
    "max-cut-50": (32, lambda random: maximum_cut(random, 50)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=CACHE)
    folder = parser.parse_args().data / "batches"
    folder.mkdir(parents=True, exist_ok=True)
    for seed, (name, (count, make)) in enumerate(BATCHES.items()):
        random = np.random.default_rng(seed)
        problems = [make(random).to_json() for _ in range(count)]
        upstream = [{"x": random.standard_normal(len(p["c"])).tolist()} for p in problems]
        (folder / f"{name}.json").write_text(json.dumps({"kind": "batch", "problems": problems}))
        (folder / f"{name}.upstream.json").write_text(json.dumps(upstream))
        print(f"{name}: {count} problems, {len(problems[0]['c'])} variables", flush=True)


if __name__ == "__main__":
    main()
