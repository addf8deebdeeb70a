"""Solvers of cone programs, each a function from a problem to a point and the seconds it took.

What is timed is setup and solve; the data in the solver's own order and types is made before.
"""

import math
import time
from collections.abc import Callable

import numpy as np
import scipy.sparse as sparse

from problem import Cone, ConeProblem, Point

RAYS = {"p": "primal infeasible", "d": "dual infeasible", "": ""}


def timed(call: Callable):
    start = time.perf_counter()
    found = call()
    return found, time.perf_counter() - start


class Reordered:
    """The rows of a problem in a solver's order, without the free ones, and the way back."""

    def __init__(self, problem: ConeProblem, orders: dict[str, Callable] | None = None):
        self.problem = problem
        picked = [np.zeros(0, dtype=int)]
        for kind, size, rows in problem.cone.blocks():
            index = np.arange(rows.start, rows.stop)
            if kind != "f":
                picked.append(index[orders[kind](size)] if kind in (orders or {}) else index)
        self.index = np.concatenate(picked)
        self.A, self.b = problem.A[self.index].tocsc(), problem.b[self.index]

    def point(self, x, y, s, status: str, ray: str = "") -> Point:
        """In the problem's order; a free row has y = 0 and no residual."""
        x = np.asarray(x, dtype=float)
        if ray != "primal infeasible":
            slack = -(self.problem.A @ x) + (0 if ray else self.problem.b)
        else:
            slack = np.zeros(len(self.problem.b))
        dual = np.zeros(len(self.problem.b))
        slack[self.index], dual[self.index] = s, y
        return Point(x, dual, slack, status, ray)


def by_rows(order: int) -> np.ndarray:
    """The lower triangle row by row, which is the upper one column by column."""
    column, row = np.triu_indices(order)
    return np.lexsort((column, row))


def clarabel(problem: ConeProblem, tolerance: float | None, limit: float):
    import clarabel as library

    data = Reordered(problem, {"s": by_rows})
    cone = problem.cone
    cones = [library.ZeroConeT(cone.z)] if cone.z else []
    cones += [library.NonnegativeConeT(cone.l)] if cone.l else []
    cones += [library.SecondOrderConeT(size) for size in cone.q]
    cones += [library.PSDTriangleConeT(order) for order in cone.s]
    cones += [library.ExponentialConeT()] * cone.ep
    cones += [library.PowerConeT(exponent) for exponent in cone.p]
    settings = library.DefaultSettings()
    settings.verbose, settings.time_limit, settings.max_threads = False, limit, 1
    if tolerance is not None:
        settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = tolerance
    P = sparse.triu(problem.P).tocsc()

    def solve():
        return library.DefaultSolver(P, problem.c, data.A, data.b, cones, settings).solve()

    found, seconds = timed(solve)
    status = str(found.status)
    ray = "p" if "PrimalInf" in status else "d" if "DualInf" in status else ""
    return data.point(found.x, found.z, found.s, status, RAYS[ray]), seconds


def scs(problem: ConeProblem, tolerance: float | None, limit: float):
    import scs as library

    data, cone = Reordered(problem), problem.cone
    cones = {"z": cone.z, "l": cone.l, "q": cone.q, "s": cone.s, "ep": cone.ep, "ed": cone.ed}
    cones["p"] = cone.p
    content = {"P": sparse.triu(problem.P).tocsc(), "A": data.A, "b": data.b, "c": problem.c}
    options = {"time_limit_secs": limit, "max_iters": 10**8, "verbose": False}
    if tolerance is not None:
        options |= {"eps_abs": tolerance, "eps_rel": tolerance}
    found, seconds = timed(lambda: library.SCS(content, cones, **options).solve())
    status = found["info"]["status"]
    ray = "p" if status == "infeasible" else "d" if status == "unbounded" else ""
    return data.point(found["x"], found["y"], found["s"], status, RAYS[ray]), seconds


def ecos(problem: ConeProblem, tolerance: float | None, limit: float):
    """Has no limit of time; its exponential cone has y and z the other way round."""
    import ecos as library

    data, cone = Reordered(problem, {"ep": lambda _: np.array([0, 2, 1])}), problem.cone
    A, G = data.A[: cone.z], data.A[cone.z :]
    options = {"verbose": False, "max_iters": 1000}
    if tolerance is not None:
        options |= {"abstol": tolerance, "reltol": tolerance, "feastol": tolerance}
    dims = {"l": cone.l, "q": cone.q, "e": cone.ep}
    equalities = (A.tocsc(), data.b[: cone.z]) if cone.z else (None, None)
    arguments = (problem.c, G.tocsc(), data.b[cone.z :], dims, *equalities)
    found, seconds = timed(lambda: library.solve(*arguments, **options))
    status = found["info"]["infostring"]
    ray = {1: "p", 2: "d"}.get(found["info"]["exitFlag"], "")
    y = np.concatenate([found["y"] if cone.z else np.zeros(0), found["z"]])
    s = np.concatenate([np.zeros(cone.z), found["s"]])
    return data.point(found["x"], y, s, status, RAYS[ray]), seconds


def moreau_cones(cone):
    import moreau as library

    return library.Cones(
        num_zero_cones=cone.z,
        num_nonneg_cones=cone.l,
        so_cone_dims=cone.q,
        num_exp_cones=cone.ep,
        power_alphas=cone.p,
        psd_dims=cone.s,
    )


MOREAU_ORDER = ["z", "l", "q", "s", "ep", "p"]  # of kinds of cones, unlike ours


def moreau_index(cone) -> np.ndarray:
    """The rows in Moreau's order, in which matrices are row by row."""
    picked = {kind: [np.zeros(0, dtype=int)] for kind in MOREAU_ORDER}
    for kind, size, rows in cone.blocks():
        index = np.arange(rows.start, rows.stop)
        if kind != "f":
            picked[kind].append(index[by_rows(size)] if kind == "s" else index)
    return np.concatenate([index for kind in MOREAU_ORDER for index in picked[kind]])


def moreau(problem: ConeProblem, tolerance: float | None, limit: float):
    import moreau as library

    data = Reordered(problem)
    data.index = moreau_index(problem.cone)
    A, b = problem.A[data.index].tocsr(), problem.b[data.index]
    settings = library.Settings(device="cpu", solver="ipm", time_limit=limit)
    if tolerance is not None:
        tolerances = dict.fromkeys(["tol_gap_abs", "tol_gap_rel", "tol_feas"], tolerance)
        settings.ipm_settings = library.IPMSettings(**tolerances)
    P, cones = problem.P.tocsr(), moreau_cones(problem.cone)

    def solve():
        solver = library.Solver(P, problem.c, A, b, cones=cones, settings=settings)
        return solver.solve(), str(solver.info.status)

    (found, status), seconds = timed(solve)
    ray = "p" if "PrimalInf" in status else "d" if "DualInf" in status else ""
    return data.point(found.x, found.z, found.s, status, RAYS[ray]), seconds


def is_finite(point: Point) -> bool:
    return all(math.isfinite(value) for value in np.concatenate([point.x, point.y, point.s]))


def warm_up(solve: Callable, kinds: set[str], tolerance: float | None) -> None:
    """Solves a tiny problem with cones of these kinds, since some libraries load parts late."""
    interior = {"q": [1, 0], "s": [1, 0, 1], "ep": [0, 1, 2], "ed": [-1, 0, 1], "p": [1, 1, 0]}
    cone, b = Cone(l=1), [0.0]
    for kind in (kind for kind in interior if kind in kinds):
        setattr(cone, kind, {"q": [2], "s": [2], "p": [0.5]}.get(kind, 1))
        b += interior[kind]
    A = sparse.csc_matrix(([-1.0], ([0], [0])), shape=(len(b), 1))
    nothing = sparse.csc_matrix((1, 1))
    solve(ConeProblem(nothing, np.ones(1), A, np.array(b, dtype=float), cone), tolerance, 1)
