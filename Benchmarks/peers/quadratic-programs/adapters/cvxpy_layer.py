"""cvxpylayers, with the diffcp back end or Moreau's.

diffcp knows no quadratic objective: there the layer takes the Cholesky factor L of Q and the
objective is a sum of squares of L'x; the factorization is part of the forward pass, its
derivative of the backward pass.
"""

import warnings

import cvxpy as cp
import torch
from cvxpylayers.torch import CvxpyLayer

from problems import Batch

from .torch_layer import TorchLayer


class Adapter(TorchLayer):
    def __init__(self, threads: int, backend: str, options: dict | None = None):
        super().__init__(threads)
        self.is_quadratic = backend == "moreau"
        self.options = dict(options or {})
        if backend == "diffcp":
            self.options |= {"n_jobs_forward": threads, "n_jobs_backward": threads}
        warnings.simplefilter("ignore")  # an inaccurate solve shows in the errors reported

    def prepare(self, batch: Batch) -> None:
        super().prepare(batch)
        n, m, e = batch.sizes
        x = cp.Variable(n)
        p, G, h = cp.Parameter(n), cp.Parameter((m, n)), cp.Parameter(m)
        constraints = [G @ x <= h]
        parameters = [p, G, h]
        if e:
            A, b = cp.Parameter((e, n)), cp.Parameter(e)
            constraints.append(A @ x == b)
            parameters += [A, b]
        if self.is_quadratic:
            Q = cp.Parameter((n, n), PSD=True)
            objective = cp.quad_form(x, Q) / 2 + p @ x
        else:
            Q = cp.Parameter((n, n))
            objective = cp.sum_squares(Q @ x) / 2 + p @ x
        self.compiled = CvxpyLayer(
            cp.Problem(cp.Minimize(objective), constraints),
            parameters=[Q] + parameters,
            variables=[x],
            solver="MOREAU" if self.is_quadratic else None,
            solver_args=self.options,
        )

    def layer(self, leaves: dict[str, torch.Tensor]) -> torch.Tensor:
        Q, *others = leaves.values()
        factor = Q if self.is_quadratic else torch.linalg.cholesky(Q).mT
        return self.compiled(factor, *others)[0]
