"""The backward pass on single problems: argmin, diffcp and diffqcp on the same data.

Each problem becomes cone JSON with an upstream gradient for x; a process for each method writes
the gradients with respect to A (in the order of its entries), b and c, and the seconds of the
backward pass. The table gives the largest difference to argmin's gradients. diffcp takes no
quadratic objective.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import scipy.sparse as sparse

from cone_peers import clarabel, timed
from fetch import CACHE
from problem import ConeProblem
from read_mps import TwoSided
from run import HERE, ROOT, Results
from solvers import OWN, TIGHT
from worker import cached, output

METHODS = [OWN, "diffcp-lsqr", "diffcp-dense", "diffqcp-lsmr", "diffqcp-lu"]
PROBLEMS = [
    "netlib/afiro*", "netlib/sc50a*", "netlib/adlittle*", "netlib/blend*", "netlib/share2b*",
    "maros-meszaros/HS21.*", "maros-meszaros/HS35.*", "maros-meszaros/QAFIRO*",
    "maros-meszaros/DUAL[14].*", "maros-meszaros/CVXQP1_S*", "maros-meszaros/PRIMALC1*",
    "sdplib/truss1.*", "sdplib/truss4.*", "sdplib/control1.*", "sdplib/control2.*",
    "sdplib/mcp100.*", "dimacs/truss5*", "dimacs/nb_L2_bessel*", "dimacs/sched_50_50_scaled*",
    "cbf/expdesign_?_8_4*", "cbf/syn05m.*", "cbf/port_12_9_3_a_1*", "cbf/robust_20_0*",
    "cbf/classical_20_0*", "cbf/shortfall_20_0*",
]


def prepare(path: Path, arguments: argparse.Namespace) -> Path:
    """Writes the problem and an upstream gradient; where they are."""
    folder = arguments.data / "derivatives"
    folder.mkdir(exist_ok=True)
    target = folder / f"{path.parent.name}-{path.name.split('.')[0]}.json"
    if not target.exists():
        given = cached(path, arguments.data / "parsed")
        problem = given.cone_problem() if isinstance(given, TwoSided) else given
        upstream = np.random.default_rng(0).standard_normal(len(problem.c))
        target.with_suffix(".upstream.json").write_text(json.dumps({"x": upstream.tolist()}))
        target.write_text(json.dumps(problem.to_json()))
    return target


def own(path: Path, arguments: argparse.Namespace) -> tuple[dict, dict]:
    upstream = str(path.with_suffix(".upstream.json"))
    command = [arguments.argmin, "solve", str(path), "--json", "--vjp", upstream]
    command += ["--tolerance", str(TIGHT), "--time-limit", str(arguments.limit)]
    answer = output(command)
    gradient = {name: answer["vjp"][name] for name in "Abc"}
    record = {"seconds": answer["vjpSeconds"], "solveSeconds": answer["seconds"]}
    return record | {"status": answer["status"], "derivative": answer.get("derivative")}, gradient


def at_entries(matrix, A: dict) -> np.ndarray:
    return np.asarray(sparse.csc_matrix(matrix)[A["row"], A["col"]]).ravel()


def with_diffcp(problem: ConeProblem, A: dict, upstream: np.ndarray, mode: str):
    """Timed is only the adjoint itself, not what diffcp prepares for it after its solve."""
    import diffcp

    cone = {**problem.cone.__dict__}
    free = cone.pop("f")
    if problem.P.nnz or free or cone["p"]:
        raise NotImplementedError("diffcp takes no quadratic objective, free rows or power cones")
    options = {"solve_method": "Clarabel", "mode": mode, "verbose": False}
    options |= dict.fromkeys(["tol_gap_abs", "tol_gap_rel", "tol_feas"], TIGHT)
    found, solve_seconds = timed(
        lambda: diffcp.solve_and_derivative(problem.A, problem.b, problem.c, cone, **options))
    x, y, s, _, adjoint = found
    (dA, db, dc), seconds = timed(lambda: adjoint(upstream, np.zeros_like(y), np.zeros_like(s)))
    record = {"seconds": seconds, "solveSeconds": solve_seconds}
    return record, {"A": at_entries(dA, A), "b": db, "c": dc}


def with_diffqcp(problem: ConeProblem, A: dict, upstream: np.ndarray, mode: str):
    """Timed is the second call: the first one compiles."""
    import equinox
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    from diffqcp import HostQCP, QCPStructureCPU
    from jax.experimental.sparse import BCOO

    cone = {**problem.cone.__dict__}
    cone.pop("f")
    point, solve_seconds = clarabel(problem, TIGHT, 30)
    upper = sparse.triu(problem.P).tocoo()
    P, matrix = BCOO.from_scipy_sparse(upper), BCOO.from_scipy_sparse(problem.A.tocoo())
    kinds = {kind: size for kind, size in cone.items() if size}
    vectors = (jnp.array(v) for v in (problem.c, problem.b, point.x, point.y, point.s))
    program = HostQCP(P, matrix, *vectors, QCPStructureCPU(P, matrix, kinds))
    zero = jnp.zeros(len(problem.b))

    compiled = equinox.filter_jit(lambda p, dx: p.vjp(dx, zero, zero, solve_method=f"jax-{mode}"))

    def adjoint():
        return jax.block_until_ready(compiled(program, jnp.array(upstream)))

    adjoint()
    (_, dA, dq, db), seconds = timed(adjoint)
    dA = sparse.coo_matrix((np.array(dA.data), np.array(dA.indices).T), shape=dA.shape)
    record = {"seconds": seconds, "solveSeconds": solve_seconds}
    return record, {"A": at_entries(dA, A), "b": np.array(db), "c": np.array(dq)}


def measure(path: Path, method: str, arguments: argparse.Namespace) -> dict:
    """One method on one problem; its gradients go beside the problem."""
    content = json.loads(path.read_text())
    problem = ConeProblem.from_json(content)
    upstream = np.array(json.loads(path.with_suffix(".upstream.json").read_text())["x"])
    if method == OWN:
        record, gradient = own(path, arguments)
    else:
        library, mode = method.split("-")
        call = with_diffcp if library == "diffcp" else with_diffqcp
        record, gradient = call(problem, content["A"], upstream, mode)
    gradient = {name: np.array(block, dtype=float) for name, block in gradient.items()}
    np.savez(path.with_suffix(f".{method}.npz"), **gradient)
    return record


def difference(path: Path, method: str, other: str) -> float:
    """The largest |g - h| / (1 + |h|) over the blocks, in the maximum norm."""
    files = [path.with_suffix(f".{name}.npz") for name in (method, other)]
    if not all(file.exists() for file in files):
        return np.nan
    first, second = (np.load(file) for file in files)
    return max(np.abs(first[name] - second[name]).max(initial=0)
               / (1 + np.abs(second[name]).max(initial=0)) for name in "Abc")


def table(targets: list[Path], arguments: argparse.Namespace) -> str:
    records = {m: Results(arguments.data / "results", "derivatives", m).records() for m in METHODS}
    lines = ["| problem | Argmin solve, ms |" + "".join(f" {m}, ms |" for m in METHODS)
             + "".join(f" {m} - {OWN} |" for m in METHODS[1:])]
    lines.append("| --- |" + " ---: |" * (len(METHODS) * 2))
    for path in targets:
        found = {method: records[method].get(path.stem, {}) for method in METHODS}
        milliseconds = [found[OWN].get("solveSeconds")] + [found[m].get("seconds") for m in METHODS]
        shown = [f"{value * 1e3:.3g}" if value is not None else "" for value in milliseconds]
        shown += [f"{difference(path, m, OWN):.0e}".replace("nan", "") for m in METHODS[1:]]
        lines.append(f"| {path.stem} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=CACHE, help="the folder of the sets")
    parser.add_argument("--method", nargs="*", choices=METHODS, default=METHODS)
    parser.add_argument("--problems", nargs="*", default=PROBLEMS, help="patterns SET/FILE")
    parser.add_argument("--limit", type=float, default=60, help="seconds for one method")
    parser.add_argument("--again", action="store_true", help="measure what was measured before")
    parser.add_argument("--argmin", default=str(ROOT / ".build/release/argmin"))
    parser.add_argument("--one", type=Path, help="measure this prepared problem, in this process")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one, arguments.method[0], arguments)))
        return
    files = [path for pattern in arguments.problems for path in sorted(arguments.data.glob(pattern))]
    targets = [prepare(path, arguments) for path in files]
    for method in arguments.method:
        results = Results(arguments.data / "results", "derivatives", method)
        known = {} if arguments.again else results.records()
        for target in targets:
            if target.stem not in known:
                record = {"problem": target.stem} | in_process(target, method, arguments)
                results.add(record)
                print(method, record, flush=True)
    found = table(targets, arguments)
    print(found)
    (arguments.data / "results" / "derivatives.md").write_text(found + "\n")


def in_process(target: Path, method: str, arguments: argparse.Namespace) -> dict:
    command = [sys.executable, str(HERE / "derivatives.py"), "--one", str(target)]
    command += ["--method", method, "--argmin", arguments.argmin, "--limit", str(arguments.limit)]
    try:
        run = subprocess.run(command, capture_output=True, timeout=arguments.limit + 30)
        return json.loads(run.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        return {"failure": "time limit"}
    except (ValueError, IndexError):
        return {"failure": run.stderr.decode(errors="replace").strip()[-300:]}


if __name__ == "__main__":
    main()
