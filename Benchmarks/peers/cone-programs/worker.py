"""Solves one problem with one solver and prints what came out as a line of JSON.

A process of its own for each, so that it can be ended at the limit and cannot harm the others.
"""

import argparse
import json
import os
import pickle
import subprocess
import tempfile
from pathlib import Path

import read_cbf
import read_mps
import read_sdpa
from cone_peers import is_finite, warm_up
from problem import ConeProblem, Point, errors
from solvers import OWN, SOLVERS, TIGHT

ARGMIN_RAYS = ("primal infeasible", "dual infeasible")


def read(path: Path):
    """The problem of a file: two-sided for MPS and QPS, a cone program for the others."""
    name = path.name.lower().removesuffix(".gz")
    if name.endswith(".cbf"):
        return read_cbf.read(path)
    return read_sdpa.read(path) if name.endswith(".dat-s") else read_mps.read(path)


def cached(path: Path, cache: Path):
    """As `read`, from the second time on out of the cache."""
    stored = cache / path.parent.name / f"{path.name}.pickle"
    if stored.exists() and stored.stat().st_mtime > path.stat().st_mtime:
        return pickle.loads(stored.read_bytes())
    found = read(path)
    stored.parent.mkdir(parents=True, exist_ok=True)
    partial = stored.with_suffix(".partial")
    partial.write_bytes(pickle.dumps(found))
    partial.replace(stored)
    return found


def size(problem: ConeProblem) -> dict:
    rows, columns = problem.A.shape
    return {"rows": rows, "columns": columns, "nonzeros": problem.nonzeros}


def judged(problem: ConeProblem, point: Point, seconds: float) -> dict:
    found = {"status": point.status, "seconds": seconds}
    if point.ray:
        found["ray"] = point.ray
    if len(point.x) == 0 or not is_finite(point):
        return found | {"error": None}
    parts = errors(problem, point)
    objective = point.x @ (problem.P @ point.x) / 2 + problem.c @ point.x
    return found | {"error": max(parts.values()), "errors": parts, "objective": objective}


def run_peer(path: Path, name: str, arguments: argparse.Namespace) -> dict:
    solver, given = SOLVERS[name], cached(path, arguments.cache)
    problem = given.cone_problem() if isinstance(given, read_mps.TwoSided) else given
    if problem.nonzeros > arguments.most_nonzeros:
        return size(problem) | {"skipped": "too large"}
    if not solver.applies(problem) or (solver.takes_two_sided and given is problem):
        return size(problem) | {"skipped": "not for this solver"}
    asked = given if solver.takes_two_sided else problem
    if not solver.takes_two_sided:
        warm_up(solver.solve, problem.cone.kinds, solver.tolerance)
    point, seconds = solver.solve(asked, solver.tolerance, arguments.limit)
    return size(problem) | judged(problem, point, seconds)


def run_own(path: Path, arguments: argparse.Namespace) -> dict:
    """Asks argmin for the answer, and for the problem that the answer is to."""
    given = cached(path, arguments.cache)
    problem = given.cone_problem() if isinstance(given, read_mps.TwoSided) else given
    if problem.nonzeros > arguments.most_nonzeros:
        return size(problem) | {"skipped": "too large"}
    command = [arguments.argmin, "solve", str(path), "--json", "--tolerance", str(TIGHT)]
    answer = output(command + ["--time-limit", str(arguments.limit)])
    problem = ConeProblem.from_json(output([arguments.argmin, "convert", str(path)]))
    point = point_of_answer(answer, problem)
    return size(problem) | judged(problem, point, answer["seconds"]) | {
        "iterations": answer.get("iterations"), "residuals": answer.get("residuals")}


def output(command: list[str]) -> dict:
    with tempfile.TemporaryFile() as file:  # answers can be large
        run = subprocess.run(command, stdout=file, stderr=subprocess.PIPE)
        if run.returncode not in (0, 1):
            message = run.stderr.decode(errors="replace").strip()
            raise RuntimeError(f"status {run.returncode}: {message[-300:]}")
        file.seek(0)
        return json.load(file)


def point_of_answer(answer: dict, problem: ConeProblem) -> Point:
    """Out of an answer for a cone program or a quadratic program; null becomes NaN."""
    import numpy as np

    def vector(content: dict, name: str, length: int) -> "np.ndarray":
        found = content.get(name)
        return np.zeros(length) if found is None else np.array(found, dtype=float)

    rows, columns = problem.A.shape
    ray = answer["status"] if answer["status"] in ARGMIN_RAYS else ""
    content = answer["ray"] if ray and answer.get("ray") else answer
    x = vector(content, "x", columns)
    if "lambda" in content or "nu" in content:
        z = problem.cone.z
        y = np.concatenate([vector(content, "nu", z), vector(content, "lambda", rows - z)])
    else:
        y = vector(content, "y", rows)
    s = vector(content, "s", rows)
    if "s" not in content:
        s = (0 if ray else problem.b) - problem.A @ x
        s[: problem.cone.z] = 0
        s[problem.cone.z :] = np.maximum(s[problem.cone.z :], 0)
    return Point(x, y, s, answer["status"], ray)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("solver", choices=[OWN, *SOLVERS])
    parser.add_argument("--cache", type=Path, required=True, help="folder of what was read before")
    parser.add_argument("--argmin", default="argmin")
    parser.add_argument("--limit", type=float, default=30, help="seconds")
    parser.add_argument("--most-nonzeros", type=int, default=10**6)
    arguments = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is not an answer
    try:
        if arguments.solver == OWN:
            record = run_own(arguments.file, arguments)
        else:
            record = run_peer(arguments.file, arguments.solver, arguments)
    except Exception as error:
        record = {"failure": f"{type(error).__name__}: {error}"[:400]}
    print(json.dumps(record), file=answers, flush=True)


if __name__ == "__main__":
    main()
