"""PIQP's dense solver; it has no derivative."""

import numpy as np
import piqp

from problems import Batch

from .base import Peer

TOLERANCE = 1e-10


class Adapter(Peer):
    def prepare(self, batch: Batch) -> None:
        self.batch = batch
        self.solver = piqp.DenseSolver()
        settings = self.solver.settings
        settings.eps_abs = settings.eps_rel = TOLERANCE
        settings.eps_duality_gap_abs = settings.eps_duality_gap_rel = TOLERANCE
        self.has_equalities = batch.sizes[2] > 0
        self.matrices = [
            tuple(np.asfortranarray(matrix) for matrix in batch.matrices(item))
            for item in range(1 if batch.is_shared else batch.count)
        ]
        self.x = np.empty_like(batch.p)

    def forward(self) -> None:
        for item in range(self.batch.count):
            self.load(item)
            self.solver.solve()
            self.x[item] = self.solver.result.x

    def load(self, item: int) -> None:
        """Hands over the data of one problem, of which shared matrices only once."""
        p, h = self.batch.p[item], self.batch.h[item]
        b = self.batch.b[item] if self.has_equalities else None
        if self.batch.is_shared and item > 0:
            self.solver.update(c=p, b=b, h_u=h)
        else:
            Q, G, A = self.matrices[item]
            self.solver.setup(Q, p, A if self.has_equalities else None, b, G, None, h)

    def solution(self) -> np.ndarray:
        return self.x
