"""The peers: what each is called, which class runs it, and how it is set."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field

from .base import Peer


@dataclass(frozen=True)
class Entry:
    """A peer as the runner and the report know it; its packages are imported only to run it."""

    key: str
    title: str
    module: str
    packages: list[str]
    settings: str
    arguments: dict = field(default_factory=dict)
    is_differentiable: bool = True

    def make(self, threads: int) -> Peer:
        module = importlib.import_module(f"{__name__}.{self.module}")
        return module.Adapter(threads, **self.arguments)


ENTRIES = [
    Entry(
        "moreau-active-set",
        "Moreau AS",
        "moreau_compiled",
        ["moreau"],
        "`CompiledSolver`, `solver='active_set'`, `enable_grad`, defaults otherwise; `setup` and "
        "`solve` are timed, construction is not; shared matrices are passed once",
        {"algorithm": "active_set"},
    ),
    Entry(
        "moreau-interior-point",
        "Moreau IP",
        "moreau_compiled",
        ["moreau"],
        "the same with `solver='ipm'`, tolerances of 1e-11, `diff_method='exact'` and "
        "`direct_solve_method='qdldl'`",
        {
            "algorithm": "ipm",
            "interior_point": {
                "tol_gap_abs": 1e-11,
                "tol_gap_rel": 1e-11,
                "tol_feas": 1e-11,
                "diff_method": "exact",
                "direct_solve_method": "qdldl",
            },
        },
    ),
    Entry(
        "qpth",
        "qpth",
        "qpth_layer",
        ["qpth", "torch"],
        "`QPFunction(check_Q_spd=False)`, doubles, batched tensors; shared matrices are expanded "
        "to the batch",
    ),
    Entry(
        "proxsuite",
        "ProxSuite",
        "proxsuite_batch",
        ["proxsuite"],
        "dense `BatchQP`, made once; each step `init`s the data, then `solve_in_parallel` with "
        "`eps_abs=1e-10` and `solve_backward_in_parallel` with rho = mu = 1e-10",
    ),
    Entry(
        "piqp",
        "PIQP",
        "piqp_dense",
        ["piqp"],
        "one `DenseSolver`; `setup` per problem, for shared matrices `update` of the vectors; "
        "tolerances of 1e-10; always one thread; no derivative",
        is_differentiable=False,
    ),
    Entry(
        "daqp",
        "DAQP",
        "daqp_solver",
        ["daqp"],
        "`daqp.solve` per problem, for shared matrices `Model.update` of the vectors; a thread "
        "pool over the batch from n = 50 on; defaults otherwise; no derivative",
        is_differentiable=False,
    ),
    Entry(
        "cvxpylayers-moreau",
        "cvxpylayers Moreau",
        "cvxpy_layer",
        ["cvxpylayers", "cvxpy", "moreau", "torch"],
        "`CvxpyLayer(solver='MOREAU')` with `quad_form` of a PSD parameter, defaults",
        {"backend": "moreau"},
    ),
    Entry(
        "cvxpylayers-default",
        "cvxpylayers default",
        "cvxpy_layer",
        ["cvxpylayers", "cvxpy", "diffcp", "scs", "torch"],
        "`CvxpyLayer` as it comes (diffcp, SCS, LSQR) with `sum_squares` of the Cholesky factor",
        {"backend": "diffcp"},
    ),
    Entry(
        "cvxpylayers-accurate",
        "cvxpylayers accurate",
        "cvxpy_layer",
        ["cvxpylayers", "cvxpy", "diffcp", "scs", "torch"],
        "the same with SCS at `eps=1e-9` and diffcp's `mode='dense'`",
        {"backend": "diffcp", "options": {"eps": 1e-9, "max_iters": 100_000, "mode": "dense"}},
    ),
]


def entry_for(key: str) -> Entry:
    return next(entry for entry in ENTRIES if entry.key == key)
