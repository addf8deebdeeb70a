"""ProxSuite's dense `BatchQP`, solved and differentiated with its own parallel loops."""

import numpy as np
from proxsuite import proxqp

from problems import Batch

from .base import Peer

TOLERANCE = 1e-10
BACKWARD_REFINEMENT, BACKWARD_RHO, BACKWARD_MU = 1e-4, 1e-10, 1e-10
BLOCK_NAMES = {"Q": "dL_dH", "p": "dL_dg", "G": "dL_dC", "h": "dL_du", "A": "dL_dA", "b": "dL_db"}


class Adapter(Peer):
    def prepare(self, batch: Batch) -> None:
        n, m, e = batch.sizes
        self.batch = batch
        self.group = proxqp.dense.BatchQP()
        for _ in range(batch.count):
            problem = self.group.init_qp_in_place(n, e, m)
            problem.settings.eps_abs = TOLERANCE
            problem.settings.eps_rel = 0.0
        self.problems = [self.group.get(item) for item in range(batch.count)]
        self.losses = proxqp.dense.VectorLossDerivatives()
        for upstream in batch.upstream:
            self.losses.append(np.concatenate([upstream, np.zeros(e + m)]))

    def forward(self) -> None:
        batch = self.batch
        has_equalities = batch.sizes[2] > 0
        for item, problem in enumerate(self.problems):
            Q, G, A = batch.matrices(item)
            equalities = (A, batch.b[item]) if has_equalities else (None, None)
            problem.init(Q, batch.p[item], *equalities, G, None, batch.h[item])
        proxqp.dense.solve_in_parallel(self.group, self.threads)
        self.x = np.stack([problem.results.x for problem in self.problems])

    def backward(self) -> None:
        proxqp.dense.solve_backward_in_parallel(
            self.threads, self.group, self.losses, BACKWARD_REFINEMENT, BACKWARD_RHO, BACKWARD_MU
        )
        derivatives = [problem.model.backward_data for problem in self.problems]
        self.blocks = {}
        for name, attribute in BLOCK_NAMES.items():
            items = [getattr(derivative, attribute) for derivative in derivatives]
            is_summed = self.batch.is_shared and name in ("Q", "G", "A")
            self.blocks[name] = np.sum(items, axis=0) if is_summed else np.stack(items)

    def solution(self) -> np.ndarray:
        return self.x

    def gradient(self) -> dict[str, np.ndarray]:
        return self.blocks
