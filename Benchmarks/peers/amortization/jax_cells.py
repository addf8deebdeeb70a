"""Training steps of three amortized models in JAX, on the digits of the package.

A step is compiled as a whole: sampling, loss, gradient, Adam. It is called once per step, or a hundred steps
are one compiled scan.
"""

import csv
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)

ROOT = Path(__file__).resolve().parents[3]
DIGITS = ROOT / "Sources/ArgminExperiments/Data/Digits/digits.csv"
STEPS = 1000


def images():
    with open(DIGITS) as file:
        return np.array([[float(x) / 16 for x in row[:64]] for row in csv.reader(file)], np.float32)


def network(key, sizes):
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        key, part = jax.random.split(key)
        scale = np.sqrt(2.0 / inputs)
        weight = jax.random.normal(part, (inputs, outputs), jnp.float32) * np.float32(scale)
        layers.append((weight, jnp.zeros(outputs, jnp.float32)))
    return layers


def apply(layers, x):
    for weight, bias in layers[:-1]:
        x = jax.nn.relu(x @ weight + bias)
    weight, bias = layers[-1]
    return x @ weight + bias


def adam(parameters, gradient, state, rate=1e-3, clip=None):
    step, first, second = state
    step = step + 1
    if clip is not None:
        norm = jnp.sqrt(sum(jnp.sum(g * g) for g in jax.tree.leaves(gradient)))
        gradient = jax.tree.map(lambda g: g * jnp.minimum(1.0, clip / norm).astype(g.dtype), gradient)
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)
    # In single precision, or the whole update would be double with x64 enabled.
    a, b = (1 - 0.9 ** step).astype(jnp.float32), (1 - 0.999 ** step).astype(jnp.float32)

    def moved(p, m, v):
        return (p - rate * (m / a) / (jnp.sqrt(v / b) + 1e-8)).astype(p.dtype)

    return jax.tree.map(moved, parameters, first, second), (step, first, second)


def transport(by_products):
    measures = jnp.asarray(images(), jnp.float64)
    measures = measures / measures.sum(1, keepdims=True)
    places = (np.arange(8) + 0.5) / 8
    points = np.array([[i, j] for i in places for j in places])
    cost = jnp.asarray(((points[:, None] - points[None]) ** 2).sum(-1))
    epsilon = 0.01
    kernel = jnp.exp(-cost / epsilon)

    def loss(layers, key):
        keys = jax.random.split(key)
        a = measures[jax.random.randint(keys[0], (128,), 0, len(measures))]
        b = measures[jax.random.randint(keys[1], (128,), 0, len(measures))]
        f = apply(layers, jnp.concatenate([a, b], 1).astype(jnp.float32)).astype(jnp.float64)
        v = f / epsilon + jnp.log(jnp.maximum(a, 1e-300))
        if by_products:
            largest = jax.lax.stop_gradient(v.max(1, keepdims=True))
            weights = jnp.exp(jnp.maximum(v - largest, -345.0))
            g = -epsilon * (jnp.log(weights @ kernel) + largest)
        else:
            g = -epsilon * jax.nn.logsumexp(v[:, :, None] - cost / epsilon, axis=1)
        return -((f * a).sum(1) + (g * b).sum(1)).mean()

    return network(jax.random.key(1), [128, 256, 256, 256, 64]), loss, 1.0


def autoencoder():
    data = jnp.asarray(images())
    keys = jax.random.split(jax.random.key(1))
    parameters = (network(keys[0], [64, 128, 16]), network(keys[1], [8, 128, 64]))

    def loss(parameters, key):
        encoder, decoder = parameters
        keys = jax.random.split(key)
        x = data[jax.random.randint(keys[0], (128,), 0, len(data))]
        posterior = apply(encoder, x)
        mean, deviation = posterior[:, :8], posterior[:, 8:]
        noise = jax.random.normal(keys[1], mean.shape, jnp.float32)
        logits = apply(decoder, mean + jnp.exp(deviation) * noise)
        likelihood = (logits * x - jax.nn.softplus(logits)).sum(1)
        divergence = (0.5 * (mean ** 2 + jnp.exp(2 * deviation) - 1) - deviation).sum(1)
        return (divergence - likelihood).mean()

    return parameters, loss, None


def lista():
    data = jnp.asarray(images())
    atoms = jax.random.normal(jax.random.key(1), (100, 64), jnp.float32)
    W = atoms / jnp.linalg.norm(atoms, axis=1, keepdims=True)
    L = float(jnp.linalg.eigvalsh((W @ W.T).astype(jnp.float64))[-1])
    parameters = (W.T / np.float32(L), jnp.eye(100, dtype=jnp.float32) - W @ W.T / np.float32(L),
                  jnp.full(100, 0.1 / L, jnp.float32))

    def soft(v, b):
        return jax.nn.relu(v - b) - jax.nn.relu(-v - b)

    def loss(parameters, key):
        F, G, b = parameters
        x = data[jax.random.randint(key, (256,), 0, len(data))]
        y = jnp.zeros((256, 100), jnp.float32)
        for _ in range(7):
            y = soft(x @ F + y @ G, b)
        return (0.5 * ((x - y @ W) ** 2).sum(1) + np.float32(0.1) * jnp.abs(y).sum(1)).mean()

    return parameters, loss, None


CELLS = {"meta-ot": lambda: transport(False), "meta-ot-products": lambda: transport(True),
         "vae": autoencoder, "lista": lista}


def run(name, per_call, repetitions):
    """Seconds of a thousand steps after compilation, seconds of the compilation, and the mean of the last losses."""
    parameters, loss, clip = CELLS[name]()

    def step(carry, index):
        parameters, state = carry
        value, gradient = jax.value_and_grad(loss)(
            parameters, jax.random.fold_in(jax.random.key(2), index))
        return adam(parameters, gradient, state, clip=clip), value

    advance = jax.jit(lambda carry, first: jax.lax.scan(step, carry, first + jnp.arange(per_call)),
                      donate_argnums=0)
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    begin = (parameters, (jnp.zeros((), jnp.int32), zeros, zeros))
    start = time.perf_counter()
    jax.block_until_ready(advance(jax.tree.map(jnp.copy, begin), 0))
    compilation = time.perf_counter() - start
    seconds = []
    for _ in range(repetitions):
        carry, losses = jax.block_until_ready(jax.tree.map(jnp.copy, begin)), []
        start = time.perf_counter()
        for first in range(0, STEPS, per_call):
            carry, values = advance(carry, first)
            losses.append(values)
        jax.block_until_ready(carry)
        seconds.append(time.perf_counter() - start)
    last = np.concatenate([np.asarray(values) for values in losses])[-100:]
    return {"secondsPer1000Steps": seconds, "compilation": compilation, "loss": float(last.mean())}


if __name__ == "__main__":
    import json

    print(json.dumps(run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
