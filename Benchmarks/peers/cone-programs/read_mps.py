"""MPS and QPS files, as two-sided rows and bounds, and from there as cone programs."""

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sparse

from problem import INFINITE, Cone, ConeProblem, Point

FIELDS = [(1, 3), (4, 12), (14, 22), (24, 36), (39, 47), (49, 61)]  # columns of the fixed format
OBJECTIVE = -1


@dataclass
class TwoSided:
    """Minimize 1/2 x'Px + c'x subject to rowLower <= Ax <= rowUpper, lower <= x <= upper."""

    P: sparse.csc_matrix
    c: np.ndarray
    A: sparse.csc_matrix
    row_lower: np.ndarray
    row_upper: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    def stacked(self) -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray]:
        """Rows and bounds as one matrix with lower and upper limits."""
        identity = sparse.identity(len(self.c), format="csr")
        lower = np.concatenate([self.row_lower, self.lower])
        upper = np.concatenate([self.row_upper, self.upper])
        return sparse.vstack([self.A, identity]).tocsr(), lower, upper

    def cone_problem(self) -> ConeProblem:
        """Equalities, then upper limits, then lower limits with their sign changed."""
        matrix, lower, upper = self.stacked()
        equal, above, below = row_kinds(lower, upper)
        A = sparse.vstack([matrix[equal], matrix[above], -matrix[below]]).tocsc()
        b = np.concatenate([upper[equal], upper[above], -lower[below]])
        return ConeProblem(self.P, self.c, A, b, Cone(z=len(equal), l=len(above) + len(below)))

    def point(self, x: np.ndarray, row_dual: np.ndarray, dual: np.ndarray, status: str) -> Point:
        """The answer of a solver with Px + c + A'rowDual + dual = 0, in the rows of the cone."""
        matrix, lower, upper = self.stacked()
        equal, above, below = row_kinds(lower, upper)
        values, duals = matrix @ x, np.concatenate([row_dual, dual])
        s = np.concatenate([upper[above] - values[above], values[below] - lower[below]])
        y = np.concatenate([np.maximum(duals[above], 0), np.maximum(-duals[below], 0)])
        s = np.concatenate([np.zeros(len(equal)), np.maximum(s, 0)])
        return Point(x, np.concatenate([duals[equal], y]), s, status)


def row_kinds(lower: np.ndarray, upper: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    equal = lower == upper
    above, below = ~equal & (upper < INFINITE), ~equal & (lower > -INFINITE)
    return np.flatnonzero(equal), np.flatnonzero(above), np.flatnonzero(below)


def opened(path: Path):
    """Text of a file that may be compressed."""
    return gzip.open(path, "rt") if path.suffix.lower() == ".gz" else open(path)


def read(path: Path) -> TwoSided:
    with opened(path) as file:
        lines = [line.rstrip() for line in file]
    lines = [line for line in lines if line.strip() and not line.startswith("*")]
    try:
        return Reader(lines, str.split).problem()
    except (KeyError, ValueError, IndexError):  # blanks inside names
        return Reader(lines, fixed_fields).problem()


def fixed_fields(line: str) -> list[str]:
    fields = [line[start:stop].strip() for start, stop in FIELDS]
    while fields and not fields[-1]:
        fields.pop()
    return fields[1:] if not fields[0] else fields


class Reader:
    """Fills the parts of a problem, section by section."""

    def __init__(self, lines: list[str], split):
        self.split = split
        self.is_fixed = split is fixed_fields
        self.rows, self.kinds, self.columns = {}, [], {}
        self.entries, self.quadratic = [], []
        self.rhs, self.ranges, self.bounds = {}, {}, []
        self.is_maximized = False
        section = ""
        for line in lines:
            if not line[0].isspace():
                section = line.split()[0].upper()
                if section == "ENDATA":
                    break
                self.is_maximized |= section == "OBJSENSE" and "MAX" in line.upper()
            else:
                getattr(self, f"read_{section.lower()}")(split(line))

    def read_objsense(self, fields: list[str]) -> None:
        self.is_maximized = fields[0].upper().startswith("MAX")

    def read_name(self, fields: list[str]) -> None:
        pass

    def read_rows(self, fields: list[str]) -> None:
        kind, name = fields[0].upper(), fields[1]
        if kind == "N":
            has_objective = OBJECTIVE in self.rows.values()
            self.rows[name] = None if has_objective else OBJECTIVE
        else:
            self.rows[name] = len(self.kinds)
            self.kinds.append(kind)

    def read_columns(self, fields: list[str]) -> None:
        if len(fields) > 2 and fields[1].strip("'") == "MARKER":
            raise NotImplementedError("integer variables")
        column = self.columns.setdefault(fields[0], len(self.columns))
        for row, value in pairs(fields[1:]):
            self.entries.append((self.rows[row], column, value))

    def read_rhs(self, fields: list[str]) -> None:
        self.rhs |= {self.rows[row]: value for row, value in self.labelled_pairs(fields)}

    def read_ranges(self, fields: list[str]) -> None:
        self.ranges |= {self.rows[row]: value for row, value in self.labelled_pairs(fields)}

    def labelled_pairs(self, fields: list[str]):
        has_label = self.is_fixed or len(fields) % 2 == 1
        return pairs(fields[1:] if has_label else fields)

    def read_bounds(self, fields: list[str]) -> None:
        kind = fields[0].upper()
        needs_value = kind not in ("FR", "MI", "PL")
        has_label = self.is_fixed or len(fields) == (4 if needs_value else 3)
        name = fields[2 if has_label else 1]
        value = number(fields[-1]) if needs_value else 0
        self.bounds.append((kind, self.columns[name], value))

    def read_quadobj(self, fields: list[str]) -> None:
        i, j, value = self.columns[fields[0]], self.columns[fields[1]], number(fields[2])
        self.quadratic.append((i, j, value))
        if i != j:
            self.quadratic.append((j, i, value))

    def read_qmatrix(self, fields: list[str]) -> None:
        i, j, value = self.columns[fields[0]], self.columns[fields[1]], number(fields[2])
        self.quadratic.append((i, j, value))

    def problem(self) -> TwoSided:
        n, m = len(self.columns), len(self.kinds)
        c = np.zeros(n)
        for row, column, value in self.entries:
            if row == OBJECTIVE:
                c[column] += value
        constraints = [entry for entry in self.entries if entry[0] not in (OBJECTIVE, None)]
        sign = -1 if self.is_maximized else 1
        P, A = matrix(self.quadratic, (n, n)), matrix(constraints, (m, n))
        return TwoSided(sign * P, sign * c, A, *self.row_limits(), *self.variable_limits())

    def row_limits(self) -> tuple[np.ndarray, np.ndarray]:
        lower, upper = np.zeros(len(self.kinds)), np.zeros(len(self.kinds))
        for row, kind in enumerate(self.kinds):
            value, width = self.rhs.get(row, 0), self.ranges.get(row)
            lower[row] = value if kind != "L" else -np.inf
            upper[row] = value if kind != "G" else np.inf
            if width is not None and kind == "E":
                lower[row], upper[row] = value + min(width, 0), value + max(width, 0)
            elif width is not None:
                lower[row] = value if kind == "G" else value - abs(width)
                upper[row] = value if kind == "L" else value + abs(width)
        return lower, upper

    def variable_limits(self) -> tuple[np.ndarray, np.ndarray]:
        lower, upper = np.zeros(len(self.columns)), np.full(len(self.columns), np.inf)
        for kind, column, value in self.bounds:
            if kind in ("LO", "FX"):
                lower[column] = value
            if kind in ("UP", "FX"):
                upper[column] = value
            if kind == "UP" and value < 0 and lower[column] == 0:
                lower[column] = -np.inf
            if kind in ("FR", "MI"):
                lower[column] = -np.inf
            if kind in ("FR", "PL"):
                upper[column] = np.inf
            if kind not in ("LO", "FX", "UP", "FR", "MI", "PL"):
                raise NotImplementedError(f"bound {kind}")
        return lower, upper



def pairs(fields: list[str]):
    return [(fields[i], number(fields[i + 1])) for i in range(0, len(fields), 2)]


def number(text: str) -> float:
    return float(text.upper().replace("D", "E"))


def matrix(entries: list[tuple], shape: tuple[int, int]) -> sparse.csc_matrix:
    rows, columns, values = zip(*entries) if entries else ((), (), ())
    found = sparse.coo_matrix((np.array(values, dtype=float), (rows, columns)), shape).tocsc()
    found.eliminate_zeros()
    return found
