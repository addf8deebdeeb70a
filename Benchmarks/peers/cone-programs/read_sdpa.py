"""Sparse SDPA files: minimize c'x subject to F1 x1 + ... + Fm xm - F0 positive semidefinite."""

import math
import re
from pathlib import Path

import numpy as np
import scipy.sparse as sparse

from problem import Cone, ConeProblem
from read_mps import opened

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?")


def numbers(line: str) -> list[float]:
    return [float(text.upper().replace("D", "E")) for text in NUMBER.findall(line)]


def packed_index(order: int, row: int, column: int) -> int:
    """Where an entry stands in the lower triangle column by column."""
    row, column = max(row, column), min(row, column)
    return column * order - column * (column - 1) // 2 + row - column


def read(path: Path) -> ConeProblem:
    with opened(path) as file:
        lines = [line for line in file if line.strip() and line[0] not in '"*']
    n, blocks = int(numbers(lines[0])[0]), int(numbers(lines[1])[0])
    sizes = [int(size) for size in numbers(lines[2])[:blocks]]
    c, body = numbers(lines[3]), 4
    while len(c) < n:
        c, body = c + numbers(lines[body]), body + 1
    starts, cone = places(sizes)
    rows, columns, values = [], [], []
    m = cone.l + sum(order * (order + 1) // 2 for order in cone.s)
    b = np.zeros(m)
    for line in lines[body:]:
        found = numbers(line)
        if len(found) < 5 or found[4] == 0:
            continue
        matrix, block, i, j = (int(value) for value in found[:4])
        value, size = found[4], sizes[block - 1]
        if size < 0 or size == 1:
            row = starts[block - 1] + i - 1
        else:
            row = starts[block - 1] + packed_index(size, i - 1, j - 1)
            value *= 1 if i == j else math.sqrt(2)
        if matrix == 0:
            b[row] -= value
        else:
            rows.append(row), columns.append(matrix - 1), values.append(-value)
    A = sparse.coo_matrix((values, (rows, columns)), (m, n)).tocsc()
    return ConeProblem(sparse.csc_matrix((n, n)), np.array(c[:n]), A, b, cone)


def places(sizes: list[int]) -> tuple[list[int], Cone]:
    """The first row of each block; diagonal blocks (of negative size) are nonnegative rows."""
    diagonal = sum(abs(size) for size in sizes if size < 0 or size == 1)
    starts, next_linear, next_matrix, orders = [], 0, diagonal, []
    for size in sizes:
        if size < 0 or size == 1:
            starts.append(next_linear)
            next_linear += abs(size)
        else:
            starts.append(next_matrix)
            next_matrix += size * (size + 1) // 2
            orders.append(size)
    return starts, Cone(l=diagonal, s=orders)
