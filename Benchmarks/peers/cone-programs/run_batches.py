"""Times argmin and Moreau on the batches of batches.py, forward and backward, and compares them.

argmin is asked `bench cone-programs --data FOLDER --json --threads N` for a folder with one batch
and prints {NAME: {"forwardSeconds": [..], "backwardSeconds": [..], "x": [[..]],
"gradients": [{"A": [..], "b": [..], "c": [..]}, ..]}}; repeats are listed, A is in the order of
`val`. Forward begins with all data anew; what a training loop makes once is made before.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import scipy.sparse as sparse

from cone_peers import moreau_cones, moreau_index
from fetch import CACHE
from problem import ConeProblem, Point, errors
from run import HERE, ROOT, THREADS
from solvers import OWN

REPEATS = 7
TOLERANCES = {"moreau": 1e-8, "moreau-tight": 1e-10}  # its default, and one as accurate as ours


def with_moreau(path: Path, tolerance: float) -> dict:
    import moreau

    contents = json.loads(path.read_text())["problems"]
    problems = [ConeProblem.from_json(content) for content in contents]
    first, index = problems[0], moreau_index(problems[0].cone)
    A, P = first.A[index].tocsr(), first.P.tocsr()
    A.sort_indices()
    A_values = np.array([sorted_values(problem.A[index]) for problem in problems])
    P_values = np.array([sorted_values(problem.P) for problem in problems])
    qs, bs = np.array([p.c for p in problems]), np.array([p.b[index] for p in problems])
    upstream = json.loads(path.with_suffix(".upstream.json").read_text())
    dx = np.array([item["x"] for item in upstream])
    tolerances = dict.fromkeys(["tol_gap_abs", "tol_gap_rel", "tol_feas"], tolerance)
    settings = moreau.Settings(device="cpu", solver="ipm", batch_size=len(problems),
                               enable_grad=True, ipm_settings=moreau.IPMSettings(**tolerances))
    m, n = A.shape
    structure = P.indptr, P.indices, A.indptr, A.indices
    solver = moreau.CompiledSolver(n, m, *structure, moreau_cones(first.cone), settings)

    def forward():
        solver.setup(P_values, A_values)
        return solver.solve(qs, bs)

    solution, gradient = forward(), solver.backward(dx)
    times = {"forwardSeconds": [], "backwardSeconds": []}
    for _ in range(REPEATS):
        start = time.perf_counter()
        solution = forward()
        middle = time.perf_counter()
        gradient = solver.backward(dx)
        times["forwardSeconds"].append(middle - start)
        times["backwardSeconds"].append(time.perf_counter() - middle)
    back = np.argsort(index)
    worst, gradients = 0.0, []
    for k, (problem, content) in enumerate(zip(problems, contents)):
        point = Point(solution.x[k], solution.z[k][back], solution.s[k][back])
        worst = max(worst, max(errors(problem, point).values()))
        dA = sparse.csr_matrix((gradient["dA_values"][k], A.indices, A.indptr), A.shape)[back]
        entries = np.asarray(dA[content["A"]["row"], content["A"]["col"]]).ravel()
        db = np.array(gradient["db"][k])[back]
        gradients.append({"A": entries.tolist(), "b": db.tolist(),
                          "c": np.array(gradient["dq"][k]).tolist()})
    x = np.array(solution.x).tolist()
    return times | {"error": worst, "x": x, "gradients": gradients}


def sorted_values(matrix: sparse.spmatrix) -> np.ndarray:
    rows = matrix.tocsr()
    rows.sort_indices()
    return rows.data


def own(path: Path, threads: int, tool: str) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        for name in (path.name, path.with_suffix(".upstream.json").name):
            os.symlink(path.parent / name, Path(folder) / name)
        command = [tool, "bench", "cone-programs", "--data", folder, "--json"]
        command += ["--threads", str(threads)]
        run = subprocess.run(command, capture_output=True, timeout=900)
    if run.returncode != 0:
        raise RuntimeError(run.stderr.decode(errors="replace").strip()[-300:])
    answer = json.loads(run.stdout)[path.stem]
    return answer | {"error": None}


def differences(first: dict, second: dict) -> dict[str, float]:
    """Largest |v - w| / (1 + |w|) over the batch, of x and of the gradients."""

    def apart(v, w) -> float:
        v, w = np.array(v, dtype=float), np.array(w, dtype=float)
        return float(np.abs(v - w).max(initial=0) / (1 + np.abs(w).max(initial=0)))

    x = max(apart(v, w) for v, w in zip(first["x"], second["x"]))
    pairs = zip(first["gradients"], second["gradients"])
    return {"x": x, "gradient": max(apart(g[name], h[name]) for g, h in pairs for name in "Abc")}


def in_process(path: Path, method: str, threads: int, arguments: argparse.Namespace) -> dict:
    command = [sys.executable, str(HERE / "run_batches.py"), "--one", str(path.resolve())]
    command += ["--method", method, "--threads", str(threads), "--argmin", arguments.argmin]
    environment = os.environ | dict.fromkeys(THREADS, str(threads))
    run = subprocess.run(command, capture_output=True, env=environment)
    try:
        return json.loads(run.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        return {"failure": run.stderr.decode(errors="replace").strip()[-300:]}


def main() -> None:
    methods = [OWN, *TOLERANCES]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=CACHE)
    parser.add_argument("--method", nargs="*", choices=methods, default=methods)
    parser.add_argument("--batch", nargs="*", help="measure these only; of others what is stored counts")
    parser.add_argument("--threads", nargs="*", type=int, default=[1, 2])
    parser.add_argument("--argmin", default=str(ROOT / ".build/release/argmin"))
    parser.add_argument("--one", type=Path, help="measure this batch, in this process")
    arguments = parser.parse_args()
    if arguments.one:
        method, threads = arguments.method[0], arguments.threads[0]
        if method == OWN:
            print(json.dumps(own(arguments.one, threads, arguments.argmin)))
        else:
            print(json.dumps(with_moreau(arguments.one, TOLERANCES[method])))
        return
    folder = arguments.data / "results" / "batches"
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["| batch | threads | solver | forward, ms | backward, ms | residual "
             "| x - argmin | gradient - argmin |",
             "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |"]
    names = (path for path in sorted((arguments.data / "batches").glob("*.json"))
             if not path.name.endswith(".upstream.json"))
    for path in names:
        for threads in arguments.threads:
            records = {}
            for method in methods:
                stored = folder / f"{path.stem}.{method}.{threads}.json"
                is_wanted = arguments.batch is None or path.stem in arguments.batch
                if is_wanted and method in arguments.method:
                    records[method] = in_process(path, method, threads, arguments)
                    stored.write_text(json.dumps(records[method]))
                elif stored.exists():
                    records[method] = json.loads(stored.read_text())
            for method, record in records.items():
                lines.append(line(path.stem, threads, method, record, records.get(OWN, {})))
                print(lines[-1], flush=True)
    print("\n".join(["", *lines]))
    (arguments.data / "results" / "batches.md").write_text("\n".join(lines) + "\n")


def line(name: str, threads: int, method: str, record: dict, reference: dict) -> str:
    if "failure" in record:
        return f"| {name} | {threads} | {method} | failed | | | | |"
    times = (statistics.median(record[f"{way}Seconds"]) * 1e3 for way in ("forward", "backward"))
    cells = [name, str(threads), method, *(f"{time:.3g}" for time in times)]
    cells.append("" if record["error"] is None else f"{record['error']:.0e}")
    if method != OWN and "x" in reference:
        cells += [f"{value:.0e}" for value in differences(record, reference).values()]
    else:
        cells += ["", ""]
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
