"""The peers by name, what each can solve, and with which tolerance."""

from collections.abc import Callable
from dataclasses import dataclass

import cone_peers
import quadratic_peers
from problem import ConeProblem

OWN = "argmin"
TIGHT = 1e-9  # the tolerance that ours and the peers are asked for, to be right to 1e-8
EVERY_KIND = {"z", "f", "l", "q", "s", "ep", "ed", "p"}
LINEAR = {"z", "f", "l"}


@dataclass
class Solver:
    title: str
    solve: Callable
    kinds: set[str]
    tolerance: float | None = TIGHT  # none: the solver's own default
    takes_quadratic: bool = True
    takes_two_sided: bool = False  # rows and bounds of an MPS file instead of cones

    def applies(self, problem: ConeProblem) -> bool:
        is_quadratic = problem.P.nnz > 0
        is_in_order = all(exponent > 0 for exponent in problem.cone.p) or "ed" in self.kinds
        return (problem.cone.kinds <= self.kinds and is_in_order
                and (self.takes_quadratic or not is_quadratic))


WITHOUT_DUAL = EVERY_KIND - {"ed"}
SOLVERS = {
    "clarabel": Solver("Clarabel", cone_peers.clarabel, WITHOUT_DUAL),
    "clarabel-default": Solver("Clarabel (1e-8)", cone_peers.clarabel, WITHOUT_DUAL, None),
    "moreau": Solver("Moreau", cone_peers.moreau, WITHOUT_DUAL),
    "piqp": Solver("PIQP", quadratic_peers.piqp, LINEAR, takes_two_sided=True),
    "proxqp": Solver("ProxSuite", quadratic_peers.proxqp, LINEAR, takes_two_sided=True),
    "highs": Solver("HiGHS", quadratic_peers.highs, LINEAR, takes_two_sided=True),
    "osqp": Solver("OSQP", quadratic_peers.osqp, LINEAR, takes_two_sided=True),
    "ecos": Solver("ECOS", cone_peers.ecos, {"z", "f", "l", "q", "ep"}, takes_quadratic=False),
    "scs": Solver("SCS", cone_peers.scs, EVERY_KIND),
}
