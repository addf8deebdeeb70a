"""PyTorch, eager, as its users write it; of several customary ways the fastest counts."""

import functools
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F

import cells
from cells import Cell
from task import Task

PACKAGES = ["torch"]


def set_threads(threads: int) -> None:
    torch.set_num_threads(threads)


def tensor(array, cell: Cell) -> torch.Tensor:
    return torch.tensor(array, dtype=getattr(torch, cell.dtype))


def tensors(pairs, cell: Cell) -> list[torch.Tensor]:
    return [tensor(array, cell) for pair in pairs for array in pair]


# MARK: training step


class Training(Task):
    def __init__(self, cell: Cell, **adam):
        numbers = cells.Network(cell)
        modules = []
        for weight, bias in numbers.layers:
            linear = torch.nn.Linear(*weight.shape, dtype=getattr(torch, cell.dtype))
            with torch.no_grad():
                linear.weight.copy_(torch.tensor(weight.T))
                linear.bias.copy_(torch.tensor(bias))
            modules += [linear, torch.nn.Tanh()]
        self.model = torch.nn.Sequential(*modules[:-1])
        self.inputs = tensor(numbers.inputs, cell)
        self.labels = torch.tensor(numbers.labels)
        self.optimizer = torch.optim.Adam(self.model.parameters(), cells.LEARNING_RATE, **adam)

    def step(self) -> torch.Tensor:
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.model(self.inputs), self.labels)
        loss.backward()
        self.optimizer.step()
        return loss

    def check(self) -> float:
        for _ in range(cells.CHECK_STEPS["mlp"]):
            self.step()
        return self.step().item()


# MARK: Hessian-vector product


def network_loss(parameters, inputs, labels) -> torch.Tensor:
    hidden = inputs
    for index in range(0, len(parameters) - 2, 2):
        hidden = torch.tanh(torch.addmm(parameters[index + 1], hidden, parameters[index]))
    return F.cross_entropy(torch.addmm(parameters[-1], hidden, parameters[-2]), labels)


class HessianProduct(Task):
    def __init__(self, cell: Cell):
        numbers = cells.Network(cell)
        self.parameters = tensors(numbers.layers, cell)
        self.direction = tensors(numbers.direction, cell)
        inputs, labels = tensor(numbers.inputs, cell), torch.tensor(numbers.labels)
        self.loss = lambda *parameters: network_loss(parameters, inputs, labels)

    def check(self) -> float:
        return sum((h * v).sum() for h, v in zip(self.step(), self.direction)).item()


class ReverseOverReverse(HessianProduct):
    """autograd.grad twice; the parameters need gradients, as in a model."""

    def __init__(self, cell: Cell):
        super().__init__(cell)
        for parameter in self.parameters:
            parameter.requires_grad_()

    def step(self):
        loss = self.loss(*self.parameters)
        gradient = torch.autograd.grad(loss, self.parameters, create_graph=True)
        return torch.autograd.grad(gradient, self.parameters, self.direction)


class ForwardOverReverse(HessianProduct):
    """torch.func.jvp of torch.func.grad."""

    def step(self):
        gradient = torch.func.grad(self.loss, argnums=tuple(range(len(self.parameters))))
        return torch.func.jvp(gradient, tuple(self.parameters), tuple(self.direction))[1]


# MARK: MAML


class MetaTraining(Task):
    def __init__(self, cell: Cell, **adam):
        numbers = cells.Sinusoids(cell)
        self.parameters = [p.requires_grad_() for p in tensors(numbers.layers, cell)]
        self.support = [tensor(array, cell) for array in numbers.support]
        self.query = [tensor(array, cell) for array in numbers.query]
        self.optimizer = torch.optim.Adam(self.parameters, cells.LEARNING_RATE, **adam)

    def meta_loss(self) -> torch.Tensor:
        raise NotImplementedError

    def step(self) -> torch.Tensor:
        self.optimizer.zero_grad()
        loss = self.meta_loss()
        loss.backward()
        self.optimizer.step()
        return loss

    def check(self) -> float:
        for _ in range(cells.CHECK_STEPS["maml"]):
            self.step()
        return self.step().item()


class BatchedMAML(MetaTraining):
    """Weights with a task axis, baddbmm, and autograd.grad of the sum over tasks."""

    @staticmethod
    def losses(parameters, points, values) -> torch.Tensor:
        w1, b1, w2, b2, w3, b3 = parameters
        hidden = torch.relu(torch.baddbmm(b1, points, w1))
        hidden = torch.relu(torch.baddbmm(b2, hidden, w2))
        return ((torch.baddbmm(b3, hidden, w3) - values) ** 2).mean(dim=(1, 2))

    def meta_loss(self) -> torch.Tensor:
        tasks = len(self.support[0])
        fast = [
            (p if p.dim() == 2 else p[None]).expand(tasks, -1, -1) for p in self.parameters
        ]
        for _ in range(cells.INNER_STEPS):
            loss = self.losses(fast, *self.support).sum()
            gradient = torch.autograd.grad(loss, fast, create_graph=True)
            fast = [p - cells.INNER_RATE * g for p, g in zip(fast, gradient)]
        return self.losses(fast, *self.query).mean()


class FunctionalMAML(MetaTraining):
    """torch.func: vmap over tasks of the loss after steps along torch.func.grad."""

    @staticmethod
    def loss(parameters, points, values) -> torch.Tensor:
        w1, b1, w2, b2, w3, b3 = parameters
        hidden = torch.relu(points @ w1 + b1)
        hidden = torch.relu(hidden @ w2 + b2)
        return F.mse_loss(hidden @ w3 + b3, values)

    def meta_loss(self) -> torch.Tensor:
        def task_loss(support, query):
            fast = self.parameters
            for _ in range(cells.INNER_STEPS):
                gradient = torch.func.grad(self.loss)(fast, *support)
                fast = [p - cells.INNER_RATE * g for p, g in zip(fast, gradient)]
            return self.loss(fast, *query)

        return torch.func.vmap(task_loss)(self.support, self.query).mean()


# MARK: Cholesky and solve


class CholeskySolve(Task):
    def __init__(self, cell: Cell):
        numbers = cells.PositiveDefinite(cell)
        self.matrices = tensor(numbers.matrices, cell).requires_grad_()
        self.sides = tensor(numbers.sides, cell).requires_grad_()
        self.weights = [tensor(array, cell) for array in numbers.weights]

    def loss(self) -> torch.Tensor:
        factor = torch.linalg.cholesky(self.matrices)
        return (torch.cholesky_solve(self.sides[..., None], factor) ** 2).sum()

    def step(self):
        loss = self.loss()
        return loss, torch.autograd.grad(loss, (self.matrices, self.sides))

    def check(self) -> float:
        loss, gradient = self.step()
        return (loss + sum((g * w).sum() for g, w in zip(gradient, self.weights))).item()


class TriangularSolves(CholeskySolve):
    def loss(self) -> torch.Tensor:
        factor = torch.linalg.cholesky(self.matrices)
        half = torch.linalg.solve_triangular(factor, self.sides[..., None], upper=False)
        return (torch.linalg.solve_triangular(factor.mT, half, upper=True) ** 2).sum()


class DirectSolve(CholeskySolve):
    """By LU, whose gradient needs one more solve only; of the symmetric part, as Cholesky."""

    def loss(self) -> torch.Tensor:
        symmetric = 0.5 * (self.matrices + self.matrices.mT)
        return (torch.linalg.solve(symmetric, self.sides) ** 2).sum()


# MARK: Sinkhorn


class Sinkhorn(Task):
    def __init__(self, cell: Cell):
        numbers = cells.Transport(cell)
        self.cost = tensor(numbers.cost, cell).requires_grad_()
        self.weights = tensor(numbers.weights, cell)

    def step(self):
        rows, columns = self.cost.shape
        kernel = self.cost / -cells.EPSILON
        log_a, log_b = -math.log(rows), -math.log(columns)
        psi = torch.zeros(columns, dtype=self.cost.dtype)
        for _ in range(cells.SINKHORN_ITERATIONS):
            phi = -torch.logsumexp(kernel + (psi + log_b), dim=1)
            psi = -torch.logsumexp(kernel + (phi + log_a)[:, None], dim=0)
        plan = torch.exp(kernel + (phi + log_a)[:, None] + (psi + log_b))
        value = (plan * self.cost).sum()
        return value, torch.autograd.grad(value, self.cost)[0]

    def check(self) -> float:
        value, gradient = self.step()
        return (value + (gradient * self.weights).sum()).item()


# MARK: chain


class ChainForward(Task):
    def __init__(self, cell: Cell):
        numbers = cells.Chain(cell)
        self.start = tensor(numbers.start, cell)
        self.factor = tensor(numbers.factor, cell)
        self.term = tensor(numbers.term, cell)
        self.weights = tensor(numbers.weights, cell)

    def chain(self) -> torch.Tensor:
        x, factor, term = self.start, self.factor, self.term
        for index in range(cells.CHAIN_LENGTH):
            if index % 3 == 0:
                x = torch.tanh(x)
            elif index % 3 == 1:
                x = x * factor
            else:
                x = x + term
        return x

    def step(self) -> torch.Tensor:
        with torch.no_grad():
            return self.chain()

    def check(self) -> float:
        return (self.step() * self.weights).sum().item()


class ChainGradient(ChainForward):
    def __init__(self, cell: Cell):
        super().__init__(cell)
        self.start.requires_grad_()

    def step(self) -> torch.Tensor:
        return torch.autograd.grad(self.chain(), self.start, self.weights)[0]


ADAM = {
    "fused Adam": {"fused": True},
    "foreach Adam": {"foreach": True},
    "plain Adam": {"foreach": False},
}


def with_adam(task: Callable, prefix: str = "", choices=tuple(ADAM)) -> dict[str, Callable]:
    return {prefix + name: functools.partial(task, **ADAM[name]) for name in choices}


# The variants of each kind of cell, by peer.
PEERS = {
    "torch": {
        "mlp": with_adam(Training),
        "maml": with_adam(BatchedMAML, "autograd.grad, ", ["fused Adam"])
        | with_adam(FunctionalMAML, "torch.func, ", ["fused Adam"]),
        "hvp": {"autograd.grad": ReverseOverReverse, "torch.func": ForwardOverReverse},
        "cholesky": {
            "cholesky_solve": CholeskySolve,
            "solve_triangular": TriangularSolves,
            "linalg.solve": DirectSolve,
        },
        "sinkhorn": {"logsumexp": Sinkhorn},
        "chain-forward": {"no_grad": ChainForward},
        "chain-gradient": {"autograd.grad": ChainGradient},
    }
}
