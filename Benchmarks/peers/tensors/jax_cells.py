"""JAX: everything under one jit per step; of several customary ways the fastest counts."""

import functools
import math

import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_solve, solve
from jax.scipy.special import logsumexp

import cells
from cells import Cell
from task import Task

PACKAGES = ["jax", "jaxlib"]

jax.config.update("jax_enable_x64", True)


def set_threads(threads: int) -> None:
    """The number of threads is in XLA_FLAGS and in the affinity of the process."""


def array(values, cell: Cell) -> jax.Array:
    return jnp.array(values, dtype=cell.dtype)


def arrays(pairs, cell: Cell) -> list[jax.Array]:
    return [array(values, cell) for pair in pairs for values in pair]


class Compiled(Task):
    """A step that is waited for only after a group of steps: JAX runs ahead of Python."""

    def wait(self, result) -> None:
        jax.block_until_ready(result)


# MARK: Adam


def adam_state(parameters):
    zeros = [jnp.zeros_like(p) for p in parameters]
    return parameters, zeros, [jnp.zeros_like(p) for p in parameters], jnp.zeros((), jnp.int32)


def adam_step(state, gradient):
    parameters, first, second, count = state
    count = count + 1
    dtype = parameters[0].dtype
    first_correction = 1 - jnp.asarray(0.9, dtype) ** count
    second_correction = 1 - jnp.asarray(0.999, dtype) ** count
    first = [0.9 * m + 0.1 * g for m, g in zip(first, gradient)]
    second = [0.999 * v + 0.001 * g * g for v, g in zip(second, gradient)]
    parameters = [
        p
        - cells.LEARNING_RATE
        * (m / first_correction)
        / (jnp.sqrt(v / second_correction) + 1e-8)
        for p, m, v in zip(parameters, first, second)
    ]
    return parameters, first, second, count


# MARK: training step


def network_loss(parameters, inputs, labels):
    hidden = inputs
    for index in range(0, len(parameters) - 2, 2):
        hidden = jnp.tanh(hidden @ parameters[index] + parameters[index + 1])
    scores = jax.nn.log_softmax(hidden @ parameters[-2] + parameters[-1])
    return -jnp.take_along_axis(scores, labels[:, None], axis=1).mean()


def network_loss_one_hot(parameters, inputs, labels):
    hidden = inputs
    for index in range(0, len(parameters) - 2, 2):
        hidden = jnp.tanh(hidden @ parameters[index] + parameters[index + 1])
    scores = jax.nn.log_softmax(hidden @ parameters[-2] + parameters[-1])
    picked = jax.nn.one_hot(labels, 10, dtype=scores.dtype) * scores
    return -picked.sum() / len(labels)


class Training(Compiled):
    def __init__(self, cell: Cell, loss):
        numbers = cells.Network(cell)
        self.data = array(numbers.inputs, cell), jnp.array(numbers.labels, dtype=jnp.int32)
        self.state = adam_state(arrays(numbers.layers, cell))
        self.compiled = training_step(loss)

    def step(self):
        self.state, loss = self.compiled(self.state, *self.data)
        return loss

    def wait(self, result) -> None:
        jax.block_until_ready(self.state)

    def check(self) -> float:
        for _ in range(cells.CHECK_STEPS["mlp"]):
            self.step()
        return float(self.step())


class ImpatientTraining(Training):
    """Waits for every step, which spares the queue."""

    def step(self):
        loss = super().step()
        jax.block_until_ready(self.state)
        return loss


@functools.cache
def training_step(loss):
    def step(state, *data):
        value, gradient = jax.value_and_grad(loss)(state[0], *data)
        return adam_step(state, gradient), value

    return jax.jit(step, donate_argnums=0)


# MARK: Hessian-vector product


@jax.jit
def forward_over_reverse(parameters, direction, inputs, labels):
    gradient = jax.grad(lambda p: network_loss(p, inputs, labels))
    return jax.jvp(gradient, (parameters,), (direction,))[1]


@jax.jit
def reverse_over_reverse(parameters, direction, inputs, labels):
    def slope(p):
        gradient = jax.grad(network_loss)(p, inputs, labels)
        return sum((g * v).sum() for g, v in zip(gradient, direction))

    return jax.grad(slope)(parameters)


class HessianProduct(Compiled):
    def __init__(self, cell: Cell, product):
        numbers = cells.Network(cell)
        self.product = product
        self.direction = arrays(numbers.direction, cell)
        labels = jnp.array(numbers.labels, dtype=jnp.int32)
        inputs = array(numbers.inputs, cell)
        self.arguments = arrays(numbers.layers, cell), self.direction, inputs, labels

    def step(self):
        return self.product(*self.arguments)

    def check(self) -> float:
        return float(sum((h * v).sum() for h, v in zip(self.step(), self.direction)))


# MARK: MAML


def regression_loss(parameters, points, values):
    w1, b1, w2, b2, w3, b3 = parameters
    hidden = jax.nn.relu(points @ w1 + b1)
    hidden = jax.nn.relu(hidden @ w2 + b2)
    return jnp.mean((hidden @ w3 + b3 - values) ** 2)


def meta_loss(parameters, support, query, unroll):
    def inner(fast, _):
        gradient = jax.grad(regression_loss)(fast, *support_of_task)
        return [p - cells.INNER_RATE * g for p, g in zip(fast, gradient)], None

    def task_loss(support, query):
        nonlocal support_of_task
        support_of_task = support
        if unroll:
            fast = parameters
            for _ in range(cells.INNER_STEPS):
                fast, _ = inner(fast, None)
        else:
            fast, _ = jax.lax.scan(inner, parameters, None, length=cells.INNER_STEPS)
        return regression_loss(fast, *query)

    support_of_task = None
    return jax.vmap(task_loss)(support, query).mean()


@functools.cache
def meta_loss_function(unroll: bool):
    return functools.partial(meta_loss, unroll=unroll)


class MetaTraining(Compiled):
    def __init__(self, cell: Cell, unroll: bool):
        numbers = cells.Sinusoids(cell)
        self.support = tuple(array(values, cell) for values in numbers.support)
        self.query = tuple(array(values, cell) for values in numbers.query)
        self.state = adam_state(arrays(numbers.layers, cell))
        self.compiled = training_step(meta_loss_function(unroll))

    def step(self):
        self.state, loss = self.compiled(self.state, self.support, self.query)
        return loss

    def wait(self, result) -> None:
        jax.block_until_ready(self.state)

    def check(self) -> float:
        for _ in range(cells.CHECK_STEPS["maml"]):
            self.step()
        return float(self.step())


# MARK: Cholesky and solve


def cholesky_solve_loss(matrices, sides):
    factor = jnp.linalg.cholesky(matrices)
    return (cho_solve((factor, True), sides[..., None]) ** 2).sum()


def triangular_solves_loss(matrices, sides):
    factor = jnp.linalg.cholesky(matrices)
    half = jax.lax.linalg.triangular_solve(
        factor, sides[..., None], left_side=True, lower=True
    )
    solution = jax.lax.linalg.triangular_solve(
        factor, half, left_side=True, lower=True, transpose_a=True
    )
    return (solution**2).sum()


def direct_solve_loss(matrices, sides):
    """The gradient is one more solve with the same factors; of the symmetric part, as Cholesky."""
    symmetric = 0.5 * (matrices + matrices.mT)
    return (solve(symmetric, sides[..., None], assume_a="pos") ** 2).sum()


@functools.cache
def value_and_gradient(loss, count: int):
    return jax.jit(jax.value_and_grad(loss, argnums=tuple(range(count))))


class CholeskySolve(Compiled):
    def __init__(self, cell: Cell, loss):
        numbers = cells.PositiveDefinite(cell)
        self.arguments = array(numbers.matrices, cell), array(numbers.sides, cell)
        self.weights = [array(values, cell) for values in numbers.weights]
        self.compiled = value_and_gradient(loss, 2)

    def step(self):
        return self.compiled(*self.arguments)

    def check(self) -> float:
        loss, gradient = self.step()
        return float(loss + sum((g * w).sum() for g, w in zip(gradient, self.weights)))


# MARK: Sinkhorn


def transport_cost(cost, unroll, recomputes):
    rows, columns = cost.shape
    kernel = cost / -cells.EPSILON
    log_a, log_b = -math.log(rows), -math.log(columns)

    def iteration(potentials, _):
        _, psi = potentials
        phi = -logsumexp(kernel + (psi + log_b), axis=1)
        psi = -logsumexp(kernel + (phi + log_a)[:, None], axis=0)
        return (phi, psi), None

    if recomputes:
        iteration = jax.checkpoint(iteration)
    start = jnp.zeros(rows, cost.dtype), jnp.zeros(columns, cost.dtype)
    (phi, psi), _ = jax.lax.scan(
        iteration, start, None, length=cells.SINKHORN_ITERATIONS, unroll=unroll
    )
    plan = jnp.exp(kernel + (phi + log_a)[:, None] + (psi + log_b))
    return (plan * cost).sum()


@functools.cache
def transport_function(unroll: int, recomputes: bool = False):
    return functools.partial(transport_cost, unroll=unroll, recomputes=recomputes)


class Sinkhorn(Compiled):
    def __init__(self, cell: Cell, loss):
        numbers = cells.Transport(cell)
        self.cost = array(numbers.cost, cell)
        self.weights = array(numbers.weights, cell)
        self.compiled = value_and_gradient(loss, 1)

    def step(self):
        return self.compiled(self.cost)

    def check(self) -> float:
        value, (gradient,) = self.step()
        return float(value + (gradient * self.weights).sum())


# MARK: chain


def chain(x, factor, term):
    for index in range(cells.CHAIN_LENGTH):
        if index % 3 == 0:
            x = jnp.tanh(x)
        elif index % 3 == 1:
            x = x * factor
        else:
            x = x + term
    return x


def chain_gradient(x, factor, term, weights):
    return jax.vjp(lambda x: chain(x, factor, term), x)[1](weights)[0]


class Chain(Compiled):
    def __init__(self, cell: Cell, is_compiled: bool):
        numbers = cells.Chain(cell)
        self.arguments = [array(a, cell) for a in (numbers.start, numbers.factor, numbers.term)]
        self.weights = array(numbers.weights, cell)
        if cell.kind == "chain-gradient":
            self.arguments.append(self.weights)
        function = chain if cell.kind == "chain-forward" else chain_gradient
        self.function = compiled(function) if is_compiled else function

    def step(self):
        return self.function(*self.arguments)

    def check(self) -> float:
        return float((self.step() * self.weights).sum())


@functools.cache
def compiled(function):
    return jax.jit(function)


def variant(task, *arguments):
    return lambda cell: task(cell, *arguments)


# The variants of each kind of cell, by peer.
PEERS = {
    "jax": {
        "mlp": {
            "gathered labels": variant(Training, network_loss),
            "one-hot labels": variant(Training, network_loss_one_hot),
            "one-hot labels, each step awaited": variant(ImpatientTraining, network_loss_one_hot),
        },
        "maml": {"unrolled": variant(MetaTraining, True), "scan": variant(MetaTraining, False)},
        "hvp": {
            "forward over reverse": variant(HessianProduct, forward_over_reverse),
            "reverse over reverse": variant(HessianProduct, reverse_over_reverse),
        },
        "cholesky": {
            "cho_solve": variant(CholeskySolve, cholesky_solve_loss),
            "triangular_solve": variant(CholeskySolve, triangular_solves_loss),
            "solve, assume_a pos": variant(CholeskySolve, direct_solve_loss),
        },
        "sinkhorn": {
            "scan": variant(Sinkhorn, transport_function(1)),
            "scan, unroll 4": variant(Sinkhorn, transport_function(4)),
            "scan, checkpointed": variant(Sinkhorn, transport_function(1, True)),
            "scan, checkpointed, unroll 4": variant(Sinkhorn, transport_function(4, True)),
        },
        "chain-forward": {"jit": variant(Chain, True)},
        "chain-gradient": {"jit": variant(Chain, True)},
    },
    "jax-eager": {
        "chain-forward": {"eager": variant(Chain, False)},
        "chain-gradient": {"eager": variant(Chain, False)},
    },
}
