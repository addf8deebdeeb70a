"""Checks the references, on which every statement of the benchmark rests.

Run in this folder: .venv/bin/python -m unittest
"""

import json
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

import numpy as np

from generate import problem_file, random_batch, write_json
from problems import BLOCKS, MATRICES, Cell, errors
from reference import solve_batch

STEP = 1e-6


def loss(batch) -> float:
    return float((batch.upstream * solve_batch(batch).x).sum())


class ReferenceTests(unittest.TestCase):
    def test_gradient_agrees_with_central_differences(self):
        random = np.random.default_rng(0)
        for variant in ("separate", "shared"):
            batch = random_batch(Cell(10, 10, 5, 32, variant)).first(4)
            gradient = solve_batch(batch).gradient(batch.is_shared)
            for name in BLOCKS:
                data = getattr(batch, name)
                direction = random.standard_normal(data.shape)
                if name == "Q":
                    direction = (direction + direction.swapaxes(-1, -2)) / 2
                ahead = loss(replace(batch, **{name: data + STEP * direction}))
                behind = loss(replace(batch, **{name: data - STEP * direction}))
                slope = (gradient[name] * direction).sum()
                with self.subTest(variant=variant, block=name):
                    self.assertAlmostEqual((ahead - behind) / (2 * STEP) / slope, 1, places=5)

    def test_one_sided_gradient_of_Q_counts_as_the_symmetric_one(self):
        batch = random_batch(Cell(10, 5, 0, 32, "shared"))
        reference = solve_batch(batch)
        gradient = reference.gradient(is_shared=True)
        upper = np.triu(2 * gradient["Q"], 1) + np.diag(np.diag(gradient["Q"]))
        found = errors(reference.x, gradient | {"Q": upper}, reference, is_shared=True)
        self.assertLess(max(found.values()), 1e-14)

    def test_an_error_in_one_problem_shows(self):
        batch = random_batch(Cell(10, 5, 0, 32, "separate"))
        reference = solve_batch(batch)
        x = reference.x.copy()
        x[3, 0] += 1e-3 * (1 + np.abs(x[3]).max())
        self.assertAlmostEqual(errors(x, {}, reference, is_shared=False)["x"], 1e-3)
        x[3, 0] = np.nan
        self.assertEqual(errors(x, {}, reference, is_shared=False)["x"], np.inf)


class ProblemFileTests(unittest.TestCase):
    def test_every_number_is_read_back_exactly(self):
        for variant in ("separate", "shared"):
            batch = random_batch(Cell(10, 10, 5, 32, variant))
            with tempfile.TemporaryDirectory() as folder:
                write_json(Path(folder) / "file.json", problem_file(batch))
                content = json.loads((Path(folder) / "file.json").read_text())
            for item, problem in enumerate(content["problems"]):
                merged = content.get("shared", {}) | problem
                Q, G, A = batch.matrices(item)
                for name, matrix in zip(MATRICES, (Q, G, A)):
                    np.testing.assert_array_equal(merged[name], matrix)
                for name in ("p", "h", "b"):
                    np.testing.assert_array_equal(merged[name], getattr(batch, name)[item])


if __name__ == "__main__":
    unittest.main()
