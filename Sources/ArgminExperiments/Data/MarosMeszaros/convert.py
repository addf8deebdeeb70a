"""Writes a Maros-Meszaros problem as QPS from the MATLAB file of piqp's test data.

    python3 convert.py piqp-0.7.0/tests/data/maros_meszaros/HS118.mat > HS118.qps

Numbers are written with the fewest digits that read back as the same double.
"""

import os
import sys

import numpy
import scipy.io
import scipy.sparse

INFINITE = 1e20


def number(value):
    text = repr(float(value))
    return text[:-2] if text.endswith(".0") else text


def main(path):
    data = scipy.io.loadmat(path)
    # The files hold whole numbers as small unsigned integers.
    keys = ("c", "b", "h_l", "h_u", "x_l", "x_u")
    vector = {key: numpy.asarray(data[key], dtype=float).ravel() for key in keys}
    P, A, G = (scipy.sparse.csc_matrix(data[key], dtype=float) for key in ("P", "A", "G"))
    assert (P != P.T).nnz == 0

    rows = [(f"E{i + 1}", "E", value, None) for i, value in enumerate(vector["b"])]
    for i, (low, high) in enumerate(zip(vector["h_l"], vector["h_u"])):
        name = f"R{i + 1}"
        if low <= -INFINITE:
            rows.append((name, "L", high, None))
        elif high >= INFINITE:
            rows.append((name, "G", low, None))
        else:
            assert high - (high - low) == low
            rows.append((name, "L", high, high - low))

    print("NAME", os.path.splitext(os.path.basename(path))[0])
    print("ROWS\n N COST")
    for name, sense, _, _ in rows:
        print(f" {sense} {name}")
    print("COLUMNS")
    matrix = scipy.sparse.vstack([A, G]).tocsc()
    for j, cost in enumerate(vector["c"]):
        part = slice(matrix.indptr[j], matrix.indptr[j + 1])
        entries = [(rows[i][0], a) for i, a in zip(matrix.indices[part], matrix.data[part]) if a != 0]
        if cost != 0 or not entries:
            entries.insert(0, ("COST", cost))
        for name, value in entries:
            print(f" X{j + 1} {name} {number(value)}")
    print("RHS")
    for name, _, value, _ in rows:
        if value != 0:
            print(f" RHS {name} {number(value)}")
    print("RANGES")
    for name, _, _, width in rows:
        if width is not None:
            print(f" RNG {name} {number(width)}")
    print("BOUNDS")
    for j, (low, high) in enumerate(zip(vector["x_l"], vector["x_u"])):
        name = f"BND X{j + 1}"
        if low == high:
            print(f" FX {name} {number(low)}")
            continue
        if low <= -INFINITE:
            print(f" MI {name}")
        elif low != 0:
            print(f" LO {name} {number(low)}")
        if high < INFINITE:
            print(f" UP {name} {number(high)}")
    print("QUADOBJ")
    lower = scipy.sparse.tril(P).tocsc()
    for j in range(lower.shape[1]):
        for k in range(lower.indptr[j], lower.indptr[j + 1]):
            print(f" X{j + 1} X{lower.indices[k] + 1} {number(lower.data[k])}")
    print("ENDATA")


main(sys.argv[1])
