"""Solves every cell's problems and their adjoints to nearly full accuracy, with proofs.

An interior point solution names the active constraints; the optimality conditions with these as
equalities are then one linear system, solved by LU with iterative refinement whose residuals are
computed in extended precision. The answer is accepted only if the optimality conditions of the
inequality problem hold to 1e-12 and multipliers and slacks have the right signs. The adjoint is
one more system with the same matrix.
"""

import argparse
from pathlib import Path

import numpy as np
import piqp
import scipy.linalg

from problems import DATA_FOLDER, Batch, Reference, all_cells

RESIDUAL_TOLERANCE = 1e-12


def interior_point(Q, p, G, h, A, b) -> tuple[np.ndarray, np.ndarray]:
    """Approximate multipliers [m] and slacks [m] of Gx <= h."""
    solver = piqp.DenseSolver()
    settings = solver.settings
    settings.eps_abs = settings.eps_rel = 1e-11
    settings.eps_duality_gap_abs = settings.eps_duality_gap_rel = 1e-11
    equalities = (np.asfortranarray(A), b) if len(b) else (None, None)
    solver.setup(np.asfortranarray(Q), p, *equalities, np.asfortranarray(G), None, h)
    status = solver.solve()
    if status != piqp.PIQP_SOLVED:
        raise RuntimeError(f"no interior point solution: {status}")
    return solver.result.z_u, solver.result.s_u


def active_system(Q, G, A, active) -> np.ndarray:
    """The symmetric matrix [[Q, Ga', A'], [Ga, 0, 0], [A, 0, 0]] of the active constraints."""
    rows = np.concatenate([G[active], A])
    return np.block([[Q, rows.T], [rows, np.zeros((len(rows), len(rows)))]])


def refined_solve(matrix: np.ndarray, factors: tuple, right: np.ndarray) -> np.ndarray:
    """Solves by the LU factors, refining while that makes the residual smaller."""
    extended = matrix.astype(np.longdouble)
    best = scipy.linalg.lu_solve(factors, right).astype(np.longdouble)
    residual = right - extended @ best
    for _ in range(10):
        candidate = best + scipy.linalg.lu_solve(factors, residual.astype(float))
        candidate_residual = right - extended @ candidate
        if np.abs(candidate_residual).max() >= np.abs(residual).max():
            break
        best, residual = candidate, candidate_residual
    return best.astype(float)


def optimality_residual(Q, p, G, h, A, b, x, lam, nu) -> float:
    """The largest violation of the optimality conditions, relative to the size of their terms."""
    Q, p, G, h, A, b, x, lam, nu = (
        np.asarray(value, dtype=np.longdouble) for value in (Q, p, G, h, A, b, x, lam, nu)
    )
    slack = h - G @ x
    size = 1 + max(np.abs(v).max(initial=0) for v in (p, Q @ x, G.T @ lam, A.T @ nu, h, G @ x, b))
    violations = [Q @ x + p + G.T @ lam + A.T @ nu, A @ x - b, -slack, -lam, lam * slack]
    signed = [np.abs(v) if i in (0, 1, 4) else v for i, v in enumerate(violations)]
    return float(max(v.max(initial=0) for v in signed) / size)


def solve_item(Q, p, G, h, A, b, upstream) -> Reference:
    """Solution, multipliers and adjoint of one problem, as a reference without the batch axis."""
    (m, n), e = G.shape, len(b)
    lam, slack = interior_point(Q, p, G, h, A, b)
    active = lam > slack
    count = int(active.sum())
    matrix = active_system(Q, G, A, active)
    factors = scipy.linalg.lu_factor(matrix)

    solution = refined_solve(matrix, factors, np.concatenate([-p, h[active], b]))
    x, nu = solution[:n], solution[n + count :]
    lam = np.zeros(m)
    lam[active] = solution[n : n + count]
    residual = optimality_residual(Q, p, G, h, A, b, x, lam, nu)
    if residual > RESIDUAL_TOLERANCE:
        raise RuntimeError(f"optimality conditions are violated by {residual:.1e}")

    adjoint = refined_solve(matrix, factors, np.concatenate([-upstream, np.zeros(count + e)]))
    dlam = np.zeros(m)
    dlam[active] = adjoint[n : n + count]
    margin = np.where(active, lam, h - G @ x).min()
    return Reference(x, lam, nu, adjoint[:n], dlam, adjoint[n + count :], margin)


def solve_batch(batch: Batch) -> Reference:
    items = []
    for item in range(batch.count):
        Q, G, A = batch.matrices(item)
        vectors = batch.p[item], batch.h[item], batch.b[item], batch.upstream[item]
        p, h, b, upstream = vectors
        items.append(solve_item(Q, p, G, h, A, b, upstream))
    return Reference(*(np.stack(parts) for parts in zip(*(vars(i).values() for i in items))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA_FOLDER, help="folder of generated cells")
    parser.add_argument("--cells", default="*", help="shell pattern of cell names")
    arguments = parser.parse_args()
    for cell in all_cells(arguments.cells):
        if Reference.path(arguments.data, cell).exists():
            continue
        reference = solve_batch(Batch.load(arguments.data, cell))
        reference.save(arguments.data, cell)
        print(f"solved {cell.name}, margin {reference.margin.min():.1e}", flush=True)


if __name__ == "__main__":
    main()
