"""Moreau through `CompiledSolver`: its cone form is Ax + s = b with zero and nonnegative s."""

import moreau
import numpy as np

from problems import Batch

from .base import Peer


class Adapter(Peer):
    def __init__(self, threads: int, algorithm: str, interior_point: dict | None = None):
        super().__init__(threads)
        self.algorithm = algorithm
        self.interior_point = interior_point

    def prepare(self, batch: Batch) -> None:
        n, m, e = batch.sizes
        self.batch = batch
        rows = np.concatenate([batch.A, batch.G], axis=-2)
        self.P_values = batch.Q.reshape(*batch.Q.shape[:-2], n * n)
        self.A_values = rows.reshape(*rows.shape[:-2], (m + e) * n)
        self.right = np.concatenate([batch.b, batch.h], axis=1)
        settings = moreau.Settings(
            device="cpu", solver=self.algorithm, batch_size=batch.count, enable_grad=True
        )
        if self.interior_point:
            settings.ipm_settings = moreau.IPMSettings(**self.interior_point)
        P_offsets, P_columns = _dense_pattern(n, n)
        A_offsets, A_columns = _dense_pattern(m + e, n)
        self.solver = moreau.CompiledSolver(
            n=n,
            m=m + e,
            P_row_offsets=P_offsets,
            P_col_indices=P_columns,
            A_row_offsets=A_offsets,
            A_col_indices=A_columns,
            cones=moreau.Cones(num_zero_cones=e, num_nonneg_cones=m),
            settings=settings,
        )

    def forward(self) -> None:
        self.solver.setup(self.P_values, self.A_values)
        self.answer = self.solver.solve(self.batch.p, self.right)

    def backward(self) -> None:
        n, m, e = self.batch.sizes
        found = self.solver.backward(self.batch.upstream)
        dP = np.asarray(found["dP_values"])
        dA = np.asarray(found["dA_values"])
        if self.batch.is_shared:
            dP, dA = dP.sum(axis=0), dA.sum(axis=0)
        rows = dA.reshape(*dA.shape[:-1], m + e, n)
        self.blocks = {
            "Q": dP.reshape(*dP.shape[:-1], n, n),
            "p": found["dq"],
            "G": rows[..., e:, :],
            "h": found["db"][:, e:],
            "A": rows[..., :e, :],
            "b": found["db"][:, :e],
        }

    def solution(self) -> np.ndarray:
        return np.asarray(self.answer.x)

    def gradient(self) -> dict[str, np.ndarray]:
        return self.blocks


def _dense_pattern(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Offsets and column indices of a full matrix in compressed rows."""
    return np.arange(rows + 1) * columns, np.tile(np.arange(columns), rows)
