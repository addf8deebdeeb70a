"""The problems that `argmin bench modeling` times, in CVXPY, with the same numbers."""

from dataclasses import dataclass
from typing import Callable

import cvxpy as cp
import numpy as np
import scipy.sparse as sparse

MASK = (1 << 64) - 1


class Generator:
    """Knuth's MMIX generator, the upper 32 bits; the tool has the same."""

    def __init__(self, seed: int):
        self.state = seed

    def uniform(self) -> float:
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & MASK
        return (self.state >> 32) / 4294967296

    def numbers(self, *shape: int) -> np.ndarray:
        """Nearly normal: sums of twelve uniform numbers less six."""
        values = []
        for _ in range(int(np.prod(shape))):
            total = -6.0
            for _ in range(12):
                total += self.uniform()
            values.append(total)
        return np.array(values).reshape(shape)

    def sparse(self, n: int) -> sparse.csr_matrix:
        """A random matrix of density 0.01 plus the identity."""
        rows, columns, values = list(range(n)), list(range(n)), [1.0] * n
        for row in range(n):
            for column in range(n):
                if self.uniform() < 0.01:
                    rows.append(row)
                    columns.append(column)
                    values.append(self.numbers(1)[0])
        return sparse.csr_matrix((values, (rows, columns)), (n, n))


@dataclass
class Cell:
    """A problem, the order of its parameters, the variable asked for, and values (none: only built)."""

    build: Callable[[], tuple[cp.Problem, list[cp.Parameter], cp.Variable]]
    values: list[np.ndarray]


def least_squares(n: int) -> Cell:
    def build():
        x, A, b = cp.Variable(n), cp.Parameter((n, n)), cp.Parameter(n)
        return cp.Problem(cp.Minimize(cp.sum_squares(A @ x - b)), [x >= 0]), [A, b], x

    return Cell(build, [])


def small_program() -> Cell:
    random = Generator(5)

    def build():
        x, G, p = cp.Variable(10), cp.Parameter((5, 10)), cp.Parameter(10)
        return cp.Problem(cp.Minimize(0.5 * cp.sum_squares(x) + p @ x), [G @ x <= 1]), [G, p], x

    return Cell(build, [random.numbers(5, 10), random.numbers(10)])


def dense_program() -> Cell:
    random, n, batch = Generator(1), 128, 128

    def build():
        x = cp.Variable(n)
        F, q, G, h = cp.Parameter((n, n)), cp.Parameter(n), cp.Parameter((n, n)), cp.Parameter(n)
        objective = 0.5 * cp.sum_squares(F @ x) + q @ x
        return cp.Problem(cp.Minimize(objective), [G @ x <= h]), [F, q, G, h], x

    F = random.numbers(n, n) * 0.1 + np.eye(n)
    q, G = random.numbers(batch, n), random.numbers(n, n)
    return Cell(build, [F, q, G, random.numbers(batch, n) * 0.1 + 1])


def sparse_program() -> Cell:
    random, n, batch = Generator(2), 1024, 32
    G, A = random.sparse(n), random.sparse(n)

    def build():
        x, q, h, b = cp.Variable(n), cp.Parameter(n), cp.Parameter(n), cp.Parameter(n)
        objective = 0.5 * cp.sum_squares(x) + q @ x
        return cp.Problem(cp.Minimize(objective), [G @ x <= h, A @ x == b]), [q, h, b], x

    q, h, b = random.numbers(batch, n), [], []
    for _ in range(batch):
        inside = random.numbers(n)
        h.append([value + random.uniform() for value in G @ inside])
        b.append(A @ inside)
    return Cell(build, [q, np.array(h), np.array(b)])


def logistic_regression() -> Cell:
    random, m, n, batch = Generator(3), 100, 20, 16
    X = random.numbers(batch, m, n)
    labels = np.array([-1.0 if random.uniform() < 0.5 else 1.0 for _ in range(m)])

    def build():
        w, X, weight = cp.Variable(n), cp.Parameter((m, n)), cp.Parameter(nonneg=True)
        loss = cp.sum(cp.logistic(-cp.multiply(labels, X @ w)))
        return cp.Problem(cp.Minimize(loss + weight * cp.sum_squares(w))), [X, weight], w

    return Cell(build, [X, np.array(0.5)])


def stochastic_control() -> Cell:
    random, n, m, batch = Generator(4), 4, 2, 32
    A, B = 0.5 * random.numbers(n, n), random.numbers(n, m)

    def build():
        following, u = cp.Variable(n), cp.Variable(m)
        x, F = cp.Parameter(n), cp.Parameter((n, n))
        objective = cp.sum_squares(F @ following) + cp.sum_squares(u)
        constraints = [following == A @ x + B @ u, cp.norm(u) <= 0.5]
        return cp.Problem(cp.Minimize(objective), constraints), [x, F], u

    return Cell(build, [random.numbers(batch, n), random.numbers(n, n) * 0.3 + np.eye(n)])


CELLS: dict[str, Callable[[], Cell]] = {
    "build-100": lambda: least_squares(100),
    "build-400": lambda: least_squares(400),
    "build-1000": lambda: least_squares(1000),
    "build-4000": lambda: least_squares(4000),
    "small-10": small_program,
    "dense-128": dense_program,
    "sparse-1024": sparse_program,
    "logistic-100x20": logistic_regression,
    "control-4x2": stochastic_control,
}
