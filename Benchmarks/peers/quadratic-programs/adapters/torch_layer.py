"""What the layers of PyTorch have in common: leaves, a graph that is kept, one backward pass."""

from abc import abstractmethod

import numpy as np
import torch

from problems import Batch

from .base import Peer, used_blocks


class TorchLayer(Peer):
    def __init__(self, threads: int):
        super().__init__(threads)
        torch.set_num_threads(threads)

    def prepare(self, batch: Batch) -> None:
        self.batch = batch
        self.leaves = {
            name: torch.tensor(getattr(batch, name), dtype=torch.float64, requires_grad=True)
            for name in used_blocks(batch)
        }
        self.upstream = torch.tensor(batch.upstream, dtype=torch.float64)

    @abstractmethod
    def layer(self, leaves: dict[str, torch.Tensor]) -> torch.Tensor:
        """x [B, n] as a differentiable function of the data."""

    def forward(self) -> None:
        self.x = self.layer(self.leaves)

    def backward(self) -> None:
        leaves = list(self.leaves.values())
        self.blocks = torch.autograd.grad(self.x, leaves, self.upstream, retain_graph=True)

    def solution(self) -> np.ndarray:
        return self.x.detach().numpy()

    def gradient(self) -> dict[str, np.ndarray]:
        return {name: block.numpy() for name, block in zip(self.leaves, self.blocks)}
