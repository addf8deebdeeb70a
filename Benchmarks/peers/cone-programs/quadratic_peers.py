"""Solvers of linear and quadratic programs; they get two-sided rows and bounds as they are."""

import numpy as np
import scipy.sparse as sparse

from cone_peers import timed
from read_mps import TwoSided

NO_LIMIT = 10**8  # iterations: the time ends a solve


def piqp(problem: TwoSided, tolerance: float | None, limit: float):
    """Has no limit of time."""
    import piqp as library

    equal = problem.row_lower == problem.row_upper
    A, G = problem.A.tocsr()[equal].tocsc(), problem.A.tocsr()[~equal].tocsc()
    bounds = problem.row_lower[~equal], problem.row_upper[~equal], problem.lower, problem.upper
    arguments = (sparse.triu(problem.P).tocsc(), problem.c, A, problem.row_lower[equal], G, *bounds)
    solver = library.SparseSolver()
    if tolerance is not None:
        solver.settings.eps_abs = solver.settings.eps_rel = tolerance
        solver.settings.eps_duality_gap_abs = solver.settings.eps_duality_gap_rel = tolerance
        solver.settings.max_iter = 1000

    def solve():
        solver.setup(*arguments)
        return solver.solve()

    status, seconds = timed(solve)
    found, row_dual = solver.result, np.zeros(len(equal))
    row_dual[equal] = found.y
    row_dual[~equal] = found.z_u - found.z_l
    return problem.point(found.x, row_dual, found.z_bu - found.z_bl, str(status)), seconds


def proxqp(problem: TwoSided, tolerance: float | None, limit: float):
    """Has no limit of time. Bounds are given as rows: its sparse solver takes no others."""
    from proxsuite import proxqp as library

    matrix, lower, upper = problem.stacked()
    equal = lower == upper
    A, C = matrix[equal].tocsc(), matrix[~equal].tocsc()
    low, high = np.maximum(lower[~equal], -1e20), np.minimum(upper[~equal], 1e20)
    solver = library.sparse.QP(len(problem.c), A.shape[0], C.shape[0])
    if tolerance is not None:
        solver.settings.eps_abs, solver.settings.eps_rel = tolerance, 0
        solver.settings.eps_primal_inf = solver.settings.eps_dual_inf = 1e-12
        solver.settings.check_duality_gap = True
        solver.settings.eps_duality_gap_abs = tolerance
        solver.settings.eps_duality_gap_rel = tolerance
    solver.settings.max_iter = NO_LIMIT

    def solve():
        solver.init(problem.P, problem.c, A, lower[equal], C, low, high)
        solver.solve()

    _, seconds = timed(solve)
    dual, found = np.zeros(len(equal)), solver.results
    dual[equal], dual[~equal] = found.y, found.z
    rows = len(problem.row_lower)
    return problem.point(found.x, dual[:rows], dual[rows:], str(found.info.status)), seconds


def osqp(problem: TwoSided, tolerance: float | None, limit: float):
    import osqp as library

    matrix, lower, upper = problem.stacked()
    matrix, P = matrix.tocsc(), sparse.triu(problem.P).tocsc()
    options = {"verbose": False, "time_limit": limit, "max_iter": NO_LIMIT, "polishing": True}
    if tolerance is not None:
        options |= {"eps_abs": tolerance, "eps_rel": tolerance}

    def solve():
        solver = library.OSQP()
        solver.setup(P, problem.c, matrix, lower, upper, **options)
        return solver.solve()

    found, seconds = timed(solve)
    rows = len(problem.row_lower)
    return problem.point(found.x, found.y[:rows], found.y[rows:], found.info.status), seconds


def highs(problem: TwoSided, tolerance: float | None, limit: float):
    """Chooses simplex or interior points for linear, an active set for quadratic programs."""
    import highspy as library

    model = library.HighsModel()
    program, rows, columns = model.lp_, *problem.A.shape
    program.num_col_, program.num_row_ = columns, rows
    program.col_cost_, program.col_lower_, program.col_upper_ = (
        problem.c, problem.lower, problem.upper)
    program.row_lower_, program.row_upper_ = problem.row_lower, problem.row_upper
    program.a_matrix_.format_ = library.MatrixFormat.kColwise
    program.a_matrix_.start_ = problem.A.indptr
    program.a_matrix_.index_, program.a_matrix_.value_ = problem.A.indices, problem.A.data
    if problem.P.nnz:
        triangle = sparse.tril(problem.P).tocsc()
        hessian = model.hessian_
        hessian.dim_, hessian.format_ = columns, library.HessianFormat.kTriangular
        hessian.start_, hessian.index_ = triangle.indptr, triangle.indices
        hessian.value_ = triangle.data
    solver = library.Highs()
    options = {"output_flag": False, "threads": 1, "time_limit": float(limit)}
    if tolerance is not None:
        options |= {"primal_feasibility_tolerance": tolerance}
        options |= {"dual_feasibility_tolerance": tolerance, "ipm_optimality_tolerance": tolerance}
        options |= {"qp_regularization_value": tolerance}
    for name, value in options.items():
        solver.setOptionValue(name, value)

    def solve():
        solver.passModel(model)
        solver.run()

    _, seconds = timed(solve)
    found, status = solver.getSolution(), str(solver.getModelStatus())
    row_dual, dual = -np.array(found.row_dual), -np.array(found.col_dual)
    return problem.point(np.array(found.col_value), row_dual, dual, status), seconds
