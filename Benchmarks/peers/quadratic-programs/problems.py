"""The cells of the benchmark, the data of a cell, and the measure of accuracy.

A problem is: minimize 1/2 x'Qx + p'x subject to Gx <= h, Ax = b. A cell is one size, one number of
problems in a batch and one variant of the data.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

DATA_FOLDER = Path(__file__).resolve().parents[2] / "data"

SIZES = [(10, 5, 0), (10, 10, 5), (50, 50, 10), (100, 100, 50), (128, 128, 0)]
BATCHES = [1, 32, 128]
VARIANTS = ["separate", "shared"]

MATRICES = ["Q", "G", "A"]
BLOCKS = ["Q", "p", "G", "h", "A", "b"]


@dataclass(frozen=True)
class Cell:
    """One size, batch and variant; `shared` means that Q, G and A serve every problem."""

    variables: int
    inequalities: int
    equalities: int
    batch: int
    variant: str

    @property
    def size(self) -> str:
        return f"n{self.variables}-m{self.inequalities}-e{self.equalities}"

    @property
    def name(self) -> str:
        return f"{self.size}-b{self.batch}-{self.variant}"


def all_cells(pattern: str = "*") -> list[Cell]:
    """The cells whose name matches the shell pattern, small ones first."""
    cells = [
        Cell(*size, batch, variant) for variant in VARIANTS for size in SIZES for batch in BATCHES
    ]
    return [cell for cell in cells if fnmatch.fnmatchcase(cell.name, pattern)]


def cell_named(name: str) -> Cell:
    return next(cell for cell in all_cells() if cell.name == name)


@dataclass(frozen=True)
class Batch:
    """The data of B problems; Q, G and A without the leading axis B when they are shared."""

    Q: np.ndarray  # [B, n, n] or [n, n], symmetric positive definite
    p: np.ndarray  # [B, n]
    G: np.ndarray  # [B, m, n] or [m, n]
    h: np.ndarray  # [B, m]
    A: np.ndarray  # [B, e, n] or [e, n]
    b: np.ndarray  # [B, e]
    upstream: np.ndarray  # [B, n], gradient of the loss with respect to x

    @staticmethod
    def load(folder: Path, cell: Cell) -> Batch:
        with np.load(folder / f"{cell.name}.npz") as data:
            return Batch(**data)

    def save(self, folder: Path, cell: Cell) -> None:
        np.savez(folder / f"{cell.name}.npz", **vars(self))

    @property
    def count(self) -> int:
        return len(self.p)

    @property
    def is_shared(self) -> bool:
        return self.Q.ndim == 2

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Variables, inequalities, equalities."""
        return self.Q.shape[-1], self.G.shape[-2], self.A.shape[-2]

    def first(self, count: int) -> Batch:
        """The batch of the first `count` problems."""
        names = ["p", "h", "b", "upstream"] + ([] if self.is_shared else MATRICES)
        return replace(self, **{name: getattr(self, name)[:count] for name in names})

    def matrices(self, item: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Q, G and A of one problem."""
        if self.is_shared:
            return self.Q, self.G, self.A
        return self.Q[item], self.G[item], self.A[item]


@dataclass(frozen=True)
class Reference:
    """Solution and adjoint of each problem, from which every gradient block follows."""

    x: np.ndarray  # [B, n]
    lam: np.ndarray  # [B, m], multipliers of Gx <= h
    nu: np.ndarray  # [B, e], multipliers of Ax = b
    dx: np.ndarray  # [B, n], adjoint of the stationarity condition
    dlam: np.ndarray  # [B, m], D(lam) times the adjoint of complementarity
    dnu: np.ndarray  # [B, e], adjoint of Ax = b
    margin: np.ndarray  # [B], least active multiplier or inactive slack: distance from a kink

    @staticmethod
    def path(folder: Path, cell: Cell) -> Path:
        return folder / f"{cell.name}.reference.npz"

    @staticmethod
    def load(folder: Path, cell: Cell) -> Reference:
        with np.load(Reference.path(folder, cell)) as data:
            return Reference(**data)

    def save(self, folder: Path, cell: Cell) -> None:
        np.savez(Reference.path(folder, cell), **vars(self))

    def first(self, count: int) -> Reference:
        return Reference(*(getattr(self, field.name)[:count] for field in fields(self)))

    def gradient(self, is_shared: bool) -> dict[str, np.ndarray]:
        """Every block [B, ...]; the sum over the batch for a shared matrix."""
        x, dx = self.x, self.dx
        matrices = {
            "Q": (_outer(dx, x) + _outer(x, dx)) / 2,
            "G": _outer(self.dlam, x) + _outer(self.lam, dx),
            "A": _outer(self.dnu, x) + _outer(self.nu, dx),
        }
        if is_shared:
            matrices = {name: block.sum(axis=0) for name, block in matrices.items()}
        return matrices | {"p": dx, "h": -self.dlam, "b": -self.dnu}


def _outer(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return left[:, :, None] * right[:, None, :]


def relative_error(value: np.ndarray, reference: np.ndarray, is_batched: bool) -> float:
    """The largest |value - reference| / (1 + |reference|) over items, in the maximum norm."""
    if value.shape != reference.shape:
        raise ValueError(f"shape {value.shape} where {reference.shape} was expected")
    if reference.size == 0:
        return 0.0
    if not np.isfinite(value).all():
        return float("inf")
    axes = tuple(range(1, value.ndim)) if is_batched else None
    difference = np.abs(value - reference).max(axis=axes)
    return float((difference / (1 + np.abs(reference).max(axis=axes))).max())


def errors(
    x: np.ndarray, gradient: dict[str, np.ndarray], reference: Reference, is_shared: bool
) -> dict[str, float]:
    """The relative error of x and of each gradient block that was returned.

    A gradient with respect to Q is compared after symmetrization, which makes the conventions of
    different layers (full, upper triangle, one-sided) one and the same.
    """
    found = {"x": relative_error(x, reference.x, is_batched=True)}
    exact = reference.gradient(is_shared)
    for name, block in gradient.items():
        if name == "Q":
            block = (block + block.swapaxes(-1, -2)) / 2
        is_batched = not (is_shared and name in MATRICES)
        found[name] = relative_error(block, exact[name], is_batched)
    return found
