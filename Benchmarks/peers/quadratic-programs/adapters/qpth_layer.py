"""qpth, the OptNet layer."""

import torch
from qpth.qp import QPFunction

from .torch_layer import TorchLayer


class Adapter(TorchLayer):
    def layer(self, leaves: dict[str, torch.Tensor]) -> torch.Tensor:
        count = self.batch.count
        data = dict(leaves)
        if self.batch.is_shared:
            for name in data.keys() & {"Q", "G", "A"}:
                data[name] = data[name].expand(count, *data[name].shape)
        absent = torch.empty(0, dtype=torch.float64)
        solve = QPFunction(verbose=-1, check_Q_spd=False)
        return solve(*(data.get(name, absent) for name in ["Q", "p", "G", "h", "A", "b"]))
