"""What the benchmark asks of a peer."""

from abc import ABC, abstractmethod

import numpy as np

from problems import Batch


class Peer(ABC):
    """One solver with its settings; timed are `forward` and `backward`, nothing else.

    A step of training changes all data, so `forward` hands the data over and solves. What does
    not depend on their values is made in `prepare`. `backward` may be called repeatedly after
    one `forward`.
    """

    def __init__(self, threads: int):
        self.threads = threads

    @abstractmethod
    def prepare(self, batch: Batch) -> None:
        """Builds everything that a training loop builds once."""

    @abstractmethod
    def forward(self) -> None:
        """Sets this step's data and solves the batch."""

    def backward(self) -> None:
        """The gradient of <upstream, x> with respect to all data."""

    @abstractmethod
    def solution(self) -> np.ndarray:
        """x of the last forward pass, [B, n]."""

    def gradient(self) -> dict[str, np.ndarray]:
        """The blocks of the last backward pass by name; empty if there is no derivative."""
        return {}


def used_blocks(batch: Batch) -> list[str]:
    """The names of the data that are not empty."""
    return ["Q", "p", "G", "h"] + (["A", "b"] if batch.sizes[2] else [])
