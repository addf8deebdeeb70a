"""The cells and their numbers: simple formulas, so that every system makes the very same ones.

All numbers come from `noise`, an integer hash that is exact in any language. They are computed in
float64 and rounded to the cell's type. `Sources/ArgminCommand/Benchmark/TensorNoise.swift` and its
neighbours repeat what stands here.
"""

import fnmatch
from dataclasses import dataclass

import numpy as np

LEARNING_RATE = 1e-3  # of Adam, whose other settings are the customary 0.9, 0.999, 1e-8
INNER_RATE = 0.01
INNER_STEPS = 5
EPSILON = 0.05
SINKHORN_ITERATIONS = 100
CHAIN_LENGTH = 100
CHECK_STEPS = {"mlp": 10, "maml": 5}  # steps before the loss that is compared


@dataclass(frozen=True)
class Cell:
    kind: str  # mlp, maml, hvp, cholesky, sinkhorn, chain-forward, chain-gradient
    dtype: str  # float32 or float64
    size: int = 0
    batch: int = 0

    @property
    def name(self) -> str:
        size = f"-{self.size}" if self.size else ""
        batch = f"-b{self.batch}" if self.batch else ""
        return f"{self.kind}{size}{batch}-{self.dtype}"


CELLS = [
    Cell("mlp", "float32", 64, 32),
    Cell("mlp", "float64", 64, 32),
    Cell("mlp", "float32", 256, 256),
    Cell("mlp", "float64", 256, 256),
    Cell("maml", "float32"),
    Cell("maml", "float64"),
    Cell("hvp", "float32", 64, 32),
    Cell("hvp", "float64", 64, 32),
    Cell("cholesky", "float64", 10, 128),
    Cell("cholesky", "float64", 50, 128),
    Cell("sinkhorn", "float32", 256),
    Cell("sinkhorn", "float64", 256),
    Cell("chain-forward", "float32", 16),
    Cell("chain-gradient", "float32", 16),
]

# The largest relative difference between check values that counts as agreement. In float32 the
# order of summation decides the last digits, and ten steps of Adam or the kinks of the rectifier
# amplify them.
TOLERANCES = {"float64": 1e-9, "float32": 1e-4}


def chosen_cells(pattern: str) -> list[Cell]:
    return [cell for cell in CELLS if fnmatch.fnmatchcase(cell.name, pattern)]


def cell_named(name: str) -> Cell:
    return next(cell for cell in CELLS if cell.name == name)


def noise(shape: tuple[int, ...], stream: int) -> np.ndarray:
    """Numbers in [-1, 1) from a hash of the index and the stream, in row-major order."""
    mask = np.uint64(0xFFFFFFFF)
    index = np.arange(int(np.prod(shape)), dtype=np.uint64)
    hashed = (index * np.uint64(2654435761) + np.uint64(stream * 40503 + 12345)) & mask
    for _ in range(2):
        hashed ^= hashed >> np.uint64(16)
        hashed = (hashed * np.uint64(0x45D9F3B)) & mask
    hashed ^= hashed >> np.uint64(16)
    return (hashed.astype(np.float64) / 2**31 - 1).reshape(shape)


def layers(widths: list[int], first_stream: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights [in, out] and biases [out]; layer l takes streams 2l and 2l + 1 after the first."""
    return [
        (
            noise((ins, outs), first_stream + 2 * layer) * np.sqrt(3 / ins),
            noise((outs,), first_stream + 2 * layer + 1) * 0.1,
        )
        for layer, (ins, outs) in enumerate(zip(widths, widths[1:]))
    ]


class Network:
    """size - 3 hidden layers of the size, tanh - 10, softmax cross-entropy on a batch."""

    def __init__(self, cell: Cell):
        widths = [cell.size] * 4 + [10]
        self.layers = layers(widths, 100)
        self.inputs = noise((cell.batch, cell.size), 1)
        self.labels = (7 * np.arange(cell.batch) + 3) % 10
        # for the product with the Hessian: a direction in the place of each parameter
        self.direction = layers(widths, 200)


class Sinusoids:
    """25 tasks with 10 support and 10 query points, for a rectifier network 1-40-40-1."""

    def __init__(self, cell: Cell):
        self.layers = layers([1, 40, 40, 1], 100)
        amplitude = 2.55 + 2.45 * noise((25, 1, 1), 1)
        phase = np.pi / 2 * (1 + noise((25, 1, 1), 2))
        points = 5 * noise((25, 20, 1), 3)
        values = amplitude * np.sin(points - phase)
        self.support = points[:, :10], values[:, :10]
        self.query = points[:, 10:], values[:, 10:]


class PositiveDefinite:
    """MM'/n + I/2 and right-hand sides; the weights make one number of the gradients."""

    def __init__(self, cell: Cell):
        n = cell.size
        factor = noise((cell.batch, n, n), 1)
        self.matrices = factor @ factor.transpose(0, 2, 1) / n + 0.5 * np.eye(n)
        self.sides = noise((cell.batch, n), 2)
        self.weights = noise((cell.batch, n, n), 3), noise((cell.batch, n), 4)


class Transport:
    """Squared distances between points of the unit square, uniform marginals."""

    def __init__(self, cell: Cell):
        sources = (noise((cell.size, 2), 1) + 1) / 2
        targets = (noise((cell.size, 2), 2) + 1) / 2
        self.cost = ((sources[:, None] - targets[None]) ** 2).sum(axis=-1)
        self.weights = noise((cell.size, cell.size), 3)


class Chain:
    """tanh, times a factor, plus a term, in turn: 100 operations on so many elements."""

    def __init__(self, cell: Cell):
        self.start = noise((cell.size,), 1)
        self.factor = 1.1 + 0.1 * noise((cell.size,), 2)
        self.term = 0.1 * noise((cell.size,), 3)
        self.weights = noise((cell.size,), 4)
