"""Files of the Conic Benchmark Format (versions 1 to 3), without integers."""

import math
from pathlib import Path

import numpy as np
import scipy.sparse as sparse

from problem import Cone, ConeProblem
from read_mps import opened
from read_sdpa import packed_index

ROOT = math.sqrt(2)


class Tokens:
    """The words of a file; comments and empty lines are left out."""

    def __init__(self, path: Path):
        with opened(path) as file:
            lines = (line.strip() for line in file)
            self.lines = [line for line in lines if line and not line.startswith("#")]
        self.at = 0

    def line(self) -> list[str]:
        self.at += 1
        return self.lines[self.at - 1].split()

    def count(self) -> int:
        return int(self.line()[0])

    def entries(self, count: int | None = None) -> list[list[str]]:
        return [self.line() for _ in range(self.count() if count is None else count)]

    @property
    def is_at_end(self) -> bool:
        return self.at >= len(self.lines)


class File:
    """The sections of a file as they stand."""

    def __init__(self, path: Path):
        tokens = Tokens(path)
        self.sense, self.cones, self.orders = "MIN", {"VAR": [], "CON": []}, {}
        self.entries, self.powers = {}, {"POWCONES": [], "POW*CONES": []}
        while not tokens.is_at_end:
            keyword = tokens.line()[0]
            if keyword == "OBJSENSE":
                self.sense = tokens.line()[0]
            elif keyword in self.cones:
                _, lines = tokens.line()
                pairs = tokens.entries(int(lines))
                self.cones[keyword] = [(name, int(size)) for name, size in pairs]
            elif keyword in ("PSDVAR", "PSDCON"):
                self.orders[keyword] = [int(size) for (size,) in tokens.entries()]
            elif keyword in self.powers:
                count, _ = tokens.line()
                for _ in range(int(count)):
                    size = tokens.count()
                    exponents = [float(value) for (value,) in tokens.entries(size)]
                    self.powers[keyword].append(exponents)
            elif keyword == "INT":
                raise NotImplementedError("integer variables")
            elif keyword == "VER":
                tokens.line()
            elif keyword == "OBJBCOORD":
                tokens.line()
            elif keyword == "CHANGE":
                raise NotImplementedError("several problems in a file")
            else:
                self.entries[keyword] = tokens.entries()

    def of(self, keyword: str):
        """Entries as integers followed by a number."""
        for *indices, value in self.entries.get(keyword, []):
            yield *(int(index) for index in indices), float(value)


class Rows:
    """Affine expressions Gx + g that must lie in a cone, collected by kind of cone."""

    ORDER = ["z", "l", "q", "s", "ep", "ed", "p"]

    def __init__(self):
        self.blocks = {kind: [] for kind in self.ORDER}

    def add(self, kind: str, size, matrix: sparse.spmatrix, constant: np.ndarray) -> None:
        self.blocks[kind].append((size, matrix, constant))

    def problem(self, c: np.ndarray) -> ConeProblem:
        blocks = [block for kind in self.ORDER for block in self.blocks[kind]]
        n = len(c)
        A = -sparse.vstack([sparse.csr_matrix((0, n))] + [matrix for _, matrix, _ in blocks])
        b = np.concatenate([np.zeros(0)] + [constant for _, _, constant in blocks])
        sizes = {kind: [size for size, _, _ in self.blocks[kind]] for kind in self.ORDER}
        cone = Cone(z=sum(sizes["z"]), l=sum(sizes["l"]), q=sizes["q"], s=sizes["s"])
        cone.ep, cone.ed, cone.p = len(sizes["ep"]), len(sizes["ed"]), sizes["p"]
        A = A.tocsc()
        A.eliminate_zeros()
        return ConeProblem(sparse.csc_matrix((n, n)), c, A, b, cone)


def rotation(size: int) -> sparse.csr_matrix:
    """From the rotated cone 2 x1 x2 >= |rest|^2 to the second-order cone."""
    turned = sparse.identity(size, format="lil")
    turned[:2, :2] = np.array([[1, 1], [1, -1]]) / ROOT
    return turned.tocsr()


def add_cones(rows: Rows, file: File, section: str, matrix: sparse.csr_matrix, constant) -> None:
    """Puts the rows of VAR or CON where their cones say."""
    at = 0
    for name, size in file.cones[section]:
        part, offset = matrix[at : at + size], constant[at : at + size]
        at += size
        if name == "F":
            continue
        if name in ("L=", "L+", "L-"):
            sign = -1 if name == "L-" else 1
            rows.add("z" if name == "L=" else "l", size, sign * part, sign * offset)
        elif name == "Q":
            rows.add("q", size, part, offset)
        elif name == "QR":
            rows.add("q", size, rotation(size) @ part, rotation(size) @ offset)
        elif name in ("EXP", "EXP*"):
            order = [2, 1, 0]
            rows.add("ep" if name == "EXP" else "ed", None, part[order], offset[order])
        elif name.startswith("@") and size == 3:
            index, kind = name[1:].split(":")
            first, second = file.powers[f"{kind}CONES"][int(index)]
            exponent = first / (first + second)
            rows.add("p", exponent if kind == "POW" else -exponent, part, offset)
        else:
            raise NotImplementedError(f"cone {name}")


def read(path: Path) -> ConeProblem:
    file = File(path)
    scalars = sum(size for _, size in file.cones["VAR"])
    orders = file.orders.get("PSDVAR", [])
    lengths = [order * (order + 1) // 2 for order in orders]
    starts = np.cumsum([scalars, *lengths])
    n = int(starts[-1])

    def variable(block: int, i: int, j: int, value: float) -> tuple[int, float]:
        """The variable of an entry of a matrix, scaled as in the cone, and its coefficient."""
        return starts[block] + packed_index(orders[block], i, j), value * (1 if i == j else ROOT)

    c = np.zeros(n)
    for j, value in file.of("OBJACOORD"):
        c[j] += value
    for block, i, j, value in file.of("OBJFCOORD"):
        index, coefficient = variable(block, i, j, value)
        c[index] += coefficient
    c = -c if file.sense == "MAX" else c

    rows, identity = Rows(), sparse.identity(n, format="csr")
    add_cones(rows, file, "VAR", identity[:scalars], np.zeros(scalars))
    for start, order, length in zip(starts, orders, lengths):
        rows.add("s", order, identity[start : start + length], np.zeros(length))

    m = sum(size for _, size in file.cones["CON"])
    entries = list(file.of("ACOORD"))
    entries += [(row, *variable(*rest)) for row, *rest in file.of("FCOORD")]
    constant = np.zeros(m)
    for row, value in file.of("BCOORD"):
        constant[row] += value
    add_cones(rows, file, "CON", assembled(entries, (m, n)), constant)

    semidefinite = [[] for _ in file.orders.get("PSDCON", [])]
    offsets = [np.zeros(k * (k + 1) // 2) for k in file.orders.get("PSDCON", [])]
    for block, column, i, j, value in file.of("HCOORD"):
        row = packed_index(file.orders["PSDCON"][block], i, j)
        semidefinite[block].append((row, column, value * (1 if i == j else ROOT)))
    for block, i, j, value in file.of("DCOORD"):
        row = packed_index(file.orders["PSDCON"][block], i, j)
        offsets[block][row] += value * (1 if i == j else ROOT)
    for order, found, offset in zip(file.orders.get("PSDCON", []), semidefinite, offsets):
        rows.add("s", order, assembled(found, (len(offset), n)), offset)
    return rows.problem(c)


def assembled(entries: list[tuple], shape: tuple[int, int]) -> sparse.csr_matrix:
    rows, columns, values = zip(*entries) if entries else ((), (), ())
    return sparse.coo_matrix((values, (rows, columns)), shape).tocsr()
