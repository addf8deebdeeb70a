"""A cone program, minimize 1/2 x'Px + c'x subject to Ax + s = b, s in K, and how good an answer is.

Rows of K: zero, free, nonnegative, second-order (t first), semidefinite (lower triangle column by
column, off-diagonals times sqrt 2), exponential y exp(x/y) <= z, its dual, and power cones.
"""

import json
import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import scipy.sparse as sparse

INFINITE = 1e20  # a bound at least as large is none


@dataclass
class Cone:
    """The numbers of rows, or the sizes, of each kind of cone, in the order of the rows."""

    z: int = 0
    f: int = 0
    l: int = 0  # noqa: E741
    q: list[int] = field(default_factory=list)
    s: list[int] = field(default_factory=list)
    ep: int = 0
    ed: int = 0
    p: list[float] = field(default_factory=list)

    def blocks(self):
        """Yields kind, parameter (a size, or the exponent of a power cone) and slice of rows."""
        sizes = [("z", self.z, self.z), ("f", self.f, self.f), ("l", self.l, self.l)]
        sizes += [("q", size, size) for size in self.q]
        sizes += [("s", order, order * (order + 1) // 2) for order in self.s]
        sizes += [("ep", None, 3)] * self.ep + [("ed", None, 3)] * self.ed
        sizes += [("p", exponent, 3) for exponent in self.p]
        start = 0
        for kind, parameter, rows in sizes:
            yield kind, parameter, slice(start, start + rows)
            start += rows

    @property
    def kinds(self) -> set[str]:
        return {kind for kind, _, rows in self.blocks() if rows.stop > rows.start}


@dataclass
class ConeProblem:
    P: sparse.csc_matrix  # both triangles, [n, n]
    c: np.ndarray  # [n]
    A: sparse.csc_matrix  # [m, n]
    b: np.ndarray  # [m]
    cone: Cone

    @property
    def nonzeros(self) -> int:
        return self.A.nnz + self.P.nnz

    def save(self, path: Path) -> None:
        parts = {}
        for name, matrix in (("P", self.P), ("A", self.A)):
            parts |= {f"{name}_data": matrix.data, f"{name}_indices": matrix.indices}
            parts |= {f"{name}_indptr": matrix.indptr}
        cone = json.dumps(self.cone.__dict__)
        partial = path.with_name(f"{path.stem}.partial.npz")
        np.savez_compressed(partial, c=self.c, b=self.b, cone=cone, **parts)
        partial.replace(path)

    @staticmethod
    def load(path: Path) -> "ConeProblem":
        with np.load(path) as stored:
            c, b = stored["c"], stored["b"]

            def matrix(name: str, rows: int) -> sparse.csc_matrix:
                parts = [stored[f"{name}_{part}"] for part in ("data", "indices", "indptr")]
                return sparse.csc_matrix(tuple(parts), shape=(rows, len(c)))

            P, A = matrix("P", len(c)), matrix("A", len(b))
            return ConeProblem(P, c, A, b, Cone(**json.loads(str(stored["cone"]))))

    @staticmethod
    def from_json(content: dict) -> "ConeProblem":
        """The problem of argmin's problem JSON of kind "cone" or "qp"."""
        c = np.array(content["c"] if "c" in content else content["p"], dtype=float)
        n = len(c)
        if content["kind"] == "cone":
            P, A = matrix_from_json(content.get("P"), n), matrix_from_json(content["A"], n)
            b = np.array(content["b"], dtype=float)
            return ConeProblem(P, c, A, b, Cone(**content["cone"]))
        G, A = matrix_from_json(content.get("G"), n), matrix_from_json(content.get("A"), n)
        h = np.array([INFINITE if v is None else v for v in content.get("h", [])], dtype=float)
        b = np.array(content.get("b", []), dtype=float)
        P = matrix_from_json(content.get("Q"), n, rows=n)
        stacked = sparse.vstack([A, G]).tocsc()
        return ConeProblem(P, c, stacked, np.concatenate([b, h]), Cone(z=len(b), l=len(h)))

    def to_json(self) -> dict:
        content = {"kind": "cone", "c": self.c.tolist(), "A": matrix_to_json(self.A)}
        if self.P.nnz:
            content["P"] = matrix_to_json(self.P)
        return content | {"b": self.b.tolist(), "cone": self.cone.__dict__}


def matrix_from_json(content, columns: int, rows: int = 0) -> sparse.csc_matrix:
    if not content:
        return sparse.csc_matrix((rows or (columns if content is None else 0), columns))
    if isinstance(content, list):
        return sparse.csc_matrix(np.array(content, dtype=float))
    shape = content["rows"], content["columns"]
    return sparse.coo_matrix((content["val"], (content["row"], content["col"])), shape).tocsc()


def matrix_to_json(matrix: sparse.spmatrix) -> dict:
    entries = matrix.tocoo()
    found = {"rows": matrix.shape[0], "columns": matrix.shape[1], "row": entries.row.tolist()}
    return found | {"col": entries.col.tolist(), "val": entries.data.tolist()}


@dataclass
class Point:
    """What a solver gives back; `ray` says that y, or x and s, prove that there is no optimum."""

    x: np.ndarray
    y: np.ndarray
    s: np.ndarray
    status: str = ""
    ray: str = ""  # "primal infeasible" (y), "dual infeasible" (x, s), or no ray


def largest(*vectors: np.ndarray) -> float:
    return max((float(np.abs(vector).max()) for vector in vectors if vector.size), default=0.0)


def errors(problem: ConeProblem, point: Point) -> dict[str, float]:
    """The relative residuals of an answer; what is not finite is infinite."""
    with np.errstate(all="ignore"):
        if point.ray == "primal infeasible":
            found = primal_ray_errors(problem, point.y)
        elif point.ray == "dual infeasible":
            found = dual_ray_errors(problem, point.x, point.s)
        else:
            found = optimality_errors(problem, point)
    return {name: value if math.isfinite(value) else math.inf for name, value in found.items()}


def optimality_errors(problem: ConeProblem, point: Point) -> dict[str, float]:
    P, c, A, b = problem.P, problem.c, problem.A, problem.b
    x, y, s = point.x, point.y, point.s
    Px, Ax, Aty = P @ x, A @ x, A.T @ y
    objective = x @ Px / 2 + c @ x
    return {
        "primal": largest(Ax + s - b) / (1 + largest(b, Ax, s)),
        "dual": largest(Px + Aty + c) / (1 + largest(c, Px, Aty)),
        "gap": abs(x @ Px + c @ x + b @ y) / (1 + abs(objective)),
        "cone": distance(s, problem.cone) / (1 + largest(s)),
        "dualCone": dual_distance(y, problem.cone) / (1 + largest(y)),
    }


def primal_ray_errors(problem: ConeProblem, y: np.ndarray) -> dict[str, float]:
    """Those of y scaled to b'y = -1, which excludes every x with |x|_1 below 1 / |A'y|."""
    scale = -(problem.b @ y)
    if not scale > 0:
        return {"ray": math.inf}
    y = y / scale
    return {"ray": largest(problem.A.T @ y), "dualCone": dual_distance(y, problem.cone)}


def dual_ray_errors(problem: ConeProblem, x: np.ndarray, s: np.ndarray) -> dict[str, float]:
    scale = -(problem.c @ x)
    if not scale > 0:
        return {"ray": math.inf}
    x, s = x / scale, s / scale
    ray = largest(problem.P @ x, problem.A @ x + s)
    return {"ray": ray, "cone": distance(s, problem.cone)}


def distance(s: np.ndarray, cone: Cone) -> float:
    """How far s is from K: the largest (of bounds from above) of the distances of its blocks."""
    return max((DISTANCES[kind](s[rows], size) for kind, size, rows in cone.blocks()), default=0)


def dual_distance(y: np.ndarray, cone: Cone) -> float:
    """How far y is from the dual of K."""
    return max((DISTANCES[DUAL[kind]](y[rows], -size if kind == "p" else size)
                for kind, size, rows in cone.blocks()), default=0)


def orthant_distance(v: np.ndarray, _) -> float:
    return largest(np.minimum(v, 0)) if not np.isnan(v).any() else math.inf


def second_order_distance(v: np.ndarray, _) -> float:
    t, length = v[0], np.linalg.norm(v[1:])
    if length <= -t:
        return float(np.hypot(t, length))
    return max((length - t) / math.sqrt(2), 0.0) if not np.isnan(v).any() else math.inf


def unpacked(v: np.ndarray, order: int) -> np.ndarray:
    """The symmetric matrix of a semidefinite block."""
    matrix = np.zeros((order, order))
    column, row = np.triu_indices(order)  # of the transpose: the lower triangle column by column
    matrix[row, column] = matrix[column, row] = np.where(row == column, v, v / math.sqrt(2))
    return matrix


def semidefinite_distance(v: np.ndarray, order: int) -> float:
    if not np.isfinite(v).all():
        return math.inf
    return max(-float(np.linalg.eigvalsh(unpacked(v, order))[0]), 0.0) if order else 0.0


def exponential_distance(v: np.ndarray, _) -> float:
    """The least of the ways to the boundary along z, along x, and to the face y = 0."""
    x, y, z = v
    ways = [math.hypot(max(x, 0), y, min(z, 0))]
    if y > 0:
        ways.append(max(y * np.exp(x / y) - z, 0))
        if z > 0:
            ways.append(max(x - y * np.log(z / y), 0))
    return min((float(way) for way in ways if not np.isnan(way)), default=math.inf)


def dual_exponential_distance(v: np.ndarray, _) -> float:
    """The least of the ways to the boundary along w, along v, and to the face u = 0."""
    u, v, w = v
    ways = [math.hypot(u, min(v, 0), min(w, 0))]
    if u < 0:
        ways.append(max(-u * np.exp(v / u - 1) - w, 0))
        if w > 0:
            ways.append(max(u * (1 + np.log(w / -u)) - v, 0))
    return min((float(way) for way in ways if not np.isnan(way)), default=math.inf)


def power_distance(v: np.ndarray, exponent: float) -> float:
    """The way along z, or along x, after x and y are made nonnegative."""
    a = abs(exponent)
    x, y, z = v if exponent > 0 else (v[0] / a, v[1] / (1 - a), v[2])
    outside = math.hypot(min(x, 0), min(y, 0))
    x, y = max(x, 0), max(y, 0)
    along = [abs(z) - x**a * y ** (1 - a)]
    if y > 0:
        along.append((abs(z) / y ** (1 - a)) ** (1 / a) - x)
    return outside + max(min(along), 0)


DISTANCES = {
    "z": lambda v, _: largest(v),
    "f": lambda v, _: 0.0,
    "l": orthant_distance,
    "q": second_order_distance,
    "s": semidefinite_distance,
    "ep": exponential_distance,
    "ed": dual_exponential_distance,
    "p": power_distance,
}
DUAL = {"z": "f", "f": "z", "l": "l", "q": "q", "s": "s", "ep": "ed", "ed": "ep", "p": "p"}
