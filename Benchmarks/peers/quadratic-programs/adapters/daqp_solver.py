"""DAQP, a dual active set method; it has no derivative."""

from concurrent.futures import ThreadPoolExecutor

import daqp
import numpy as np

from problems import Batch

from .base import Peer

EQUALITY = 5
NO_BOUND = -1e30
LEAST_PARALLEL_SIZE = 50  # below, handing problems to threads takes longer than solving them


class Adapter(Peer):
    def __init__(self, threads: int):
        super().__init__(threads)
        self.pool = ThreadPoolExecutor(threads)

    def prepare(self, batch: Batch) -> None:
        n, m, e = batch.sizes
        self.batch = batch
        self.sense = np.array([EQUALITY] * e + [0] * m, dtype=np.int32)
        self.rows = np.ascontiguousarray(np.concatenate([batch.A, batch.G], axis=-2))
        self.upper = np.concatenate([batch.b, batch.h], axis=1)
        self.lower = np.concatenate([batch.b, np.full((batch.count, m), NO_BOUND)], axis=1)
        self.x = np.empty_like(batch.p)
        parts = self.threads if n >= LEAST_PARALLEL_SIZE else 1
        self.chunks = [chunk for chunk in np.array_split(range(batch.count), parts) if len(chunk)]

    def forward(self) -> None:
        solve = self.solve_shared if self.batch.is_shared else self.solve_separate
        if len(self.chunks) == 1:
            solve(self.chunks[0])
        else:
            list(self.pool.map(solve, self.chunks))

    def solve_separate(self, items: np.ndarray) -> None:
        for item in items:
            Q, p, rows = self.batch.Q[item], self.batch.p[item], self.rows[item]
            upper, lower = self.upper[item], self.lower[item]
            self.x[item] = daqp.solve(Q, p, rows, upper, lower, self.sense)[0]

    def solve_shared(self, items: np.ndarray) -> None:
        """The later problems start from the active set of the one before."""
        model = daqp.Model()
        first = items[0]
        bounds = self.upper[first], self.lower[first]
        model.setup(self.batch.Q, self.batch.p[first], self.rows, *bounds, self.sense)
        self.x[first] = model.solve()[0]
        for item in items[1:]:
            model.update(f=self.batch.p[item], bupper=self.upper[item], blower=self.lower[item])
            self.x[item] = model.solve()[0]

    def solution(self) -> np.ndarray:
        return self.x
