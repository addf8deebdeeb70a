"""MATLAB files in the formats that argmin reads: quadratic programs as QPS, SeDuMi's as CBF."""

import gzip
import io
from pathlib import Path

import numpy as np
import scipy.io
import scipy.sparse as sparse

INFINITE = 1e20


def vector(content: dict, name: str, default: np.ndarray | None = None) -> np.ndarray:
    return content[name].ravel().astype(float) if name in content else default


def qps_of_mat(path: Path) -> str:
    """A problem P, c, A, b, G, h_l, h_u, x_l, x_u; P complete or its upper triangle."""
    content = scipy.io.loadmat(path)
    c = vector(content, "c")
    n = len(c)
    P = lower_triangle(sparse.csc_matrix(content["P"], dtype=float))
    A, G = (sparse.csc_matrix(content[name].reshape(-1, n)) for name in "AG")
    b, low, high = (vector(content, name) for name in ("b", "h_l", "h_u"))
    rows, rhs, ranges = [], [], []
    for i, value in enumerate(b):
        rows.append(f" E A{i}"), rhs.append((f"A{i}", value))
    for i, (below, above) in enumerate(zip(low, high)):
        if above < INFINITE:
            rows.append(f" L G{i}"), rhs.append((f"G{i}", above))
            if below > -INFINITE:
                ranges.append((f"G{i}", above - below))
        else:
            rows.append(f" G G{i}" if below > -INFINITE else f" N G{i}")
            rhs.append((f"G{i}", max(below, -INFINITE) if below > -INFINITE else 0.0))
    lines = [f"NAME {path.stem}", "ROWS", " N OBJ", *rows, "COLUMNS"]
    stacked = sparse.vstack([A, G]).tocsc()
    names = [f"A{i}" for i in range(len(b))] + [f"G{i}" for i in range(len(low))]
    for j in range(n):
        entries = slice(stacked.indptr[j], stacked.indptr[j + 1])
        found = [(names[i], v) for i, v in zip(stacked.indices[entries], stacked.data[entries])]
        if c[j] != 0 or not found:
            found.append(("OBJ", c[j]))
        lines += [f" X{j} {name} {float(value)!r}" for name, value in found]
    lines += ["RHS", *(f" RHS {name} {float(v)!r}" for name, v in rhs if v != 0)]
    lines += ["RANGES", *(f" RNG {name} {float(v)!r}" for name, v in ranges)] if ranges else []
    lines.append("BOUNDS")
    for j, (below, above) in enumerate(zip(vector(content, "x_l"), vector(content, "x_u"))):
        lines += bound_lines(f"X{j}", below, above)
    if P.nnz:
        lines.append("QUADOBJ")
        entries = P.tocoo()
        triples = zip(entries.col, entries.row, entries.data)
        lines += [f" X{j} X{i} {float(value)!r}" for j, i, value in triples]
    return "\n".join([*lines, "ENDATA", ""])


def bound_lines(name: str, below: float, above: float) -> list[str]:
    if below == above:
        return [f" FX BND {name} {float(below)!r}"]
    found = []
    if below <= -INFINITE:
        found.append(f" MI BND {name}")
    elif below != 0:
        found.append(f" LO BND {name} {float(below)!r}")
    if above < INFINITE:
        found.append(f" UP BND {name} {float(above)!r}")
    return found


def lower_triangle(P: sparse.csc_matrix) -> sparse.csc_matrix:
    """That of a symmetric matrix, of which both triangles or only the upper one may be stored."""
    is_complete = sparse.tril(P, -1).nnz > 0
    return sparse.tril(P).tocsc() if is_complete else sparse.triu(P).T.tocsc()


def cbf_of_sedumi(compressed: bytes) -> str:
    """The dual side, minimize -b'y subject to c - A'y in the dual of K.

    It has no more entries than the data, whereas the primal side has a variable for each entry of
    each matrix.
    """
    content = scipy.io.loadmat(io.BytesIO(gzip.decompress(compressed)))
    b, c, K = vector_of(content["b"]), vector_of(content["c"]), content["K"][0, 0]
    if "At" in content:
        At = sparse.csr_matrix(content["At"])
    else:
        A = sparse.csr_matrix(content["A"])
        At = A if A.shape[0] == len(c) and A.shape[1] == len(b) and len(b) != len(c) else A.T
    At = sparse.csr_matrix(At)
    cones, orders = sedumi_cones(K)
    scalars = sum(size for _, size in cones)
    lines = ["VER", "2", "OBJSENSE", "MAX", f"VAR\n{len(b)} 1\nF {len(b)}"]
    if orders:
        lines += ["PSDCON", str(len(orders)), *map(str, orders)]
    if cones:
        lines += ["CON", f"{scalars} {len(cones)}", *(f"{name} {size}" for name, size in cones)]
    lines += section("OBJACOORD", [(j, value) for j, value in enumerate(b) if value != 0])
    linear = At[:scalars].tocoo()
    lines += section("ACOORD", zip(linear.row, linear.col, -linear.data))
    lines += section("BCOORD", [(i, v) for i, v in enumerate(c[:scalars]) if v != 0])
    coefficients, constants, at = [], [], scalars
    for block, order in enumerate(orders):
        part = symmetric(At[at : at + order * order], order)
        column = sparse.csr_matrix(c[at : at + order * order].reshape(-1, 1))
        offset = symmetric(column, order)
        at += order * order
        for row, j, value in zip(part.row, part.col, part.data):
            coefficients.append((block, j, row % order, row // order, -value))
        for row, value in zip(offset.row, offset.data):
            constants.append((block, row % order, row // order, value))
    lines += section("HCOORD", coefficients) + section("DCOORD", constants)
    return "\n".join([*lines, ""])


def vector_of(array) -> np.ndarray:
    return (array.toarray() if sparse.issparse(array) else array).ravel().astype(float)


def sedumi_cones(K) -> tuple[list[tuple[str, int]], list[int]]:
    """The duals of the cones of K, in CBF's words, and the orders of the matrices."""

    def sizes(name: str) -> list[int]:
        return [int(size) for size in K[name].ravel()] if name in K.dtype.names else []

    cones = [("L=", sum(sizes("f"))), ("L+", sum(sizes("l")))]
    cones += [("Q", size) for size in sizes("q")] + [("QR", size) for size in sizes("r")]
    return [cone for cone in cones if cone[1] > 0], [size for size in sizes("s") if size > 0]


def symmetric(part: sparse.csr_matrix, order: int) -> sparse.coo_matrix:
    """The lower triangle of the symmetric parts of matrices stored as columns."""
    index = np.arange(order * order)
    transposed = (index % order) * order + index // order
    averaged = ((part + part[transposed]) / 2).tocoo()
    is_lower = (averaged.row % order >= averaged.row // order) & (averaged.data != 0)
    data, where = averaged.data[is_lower], (averaged.row[is_lower], averaged.col[is_lower])
    return sparse.coo_matrix((data, where), averaged.shape)


def section(keyword: str, entries) -> list[str]:
    lines = [" ".join([*map(str, indices), repr(float(v))]) for *indices, v in entries]
    return [keyword, str(len(lines)), *lines] if lines else []
