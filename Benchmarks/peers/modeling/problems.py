"""Thirty problems that users write, as `ModelingProblems.swift` has them: name, then problem, parameters, variables."""

import cvxpy as cp
import numpy as np


def nonnegative(*shape):
    return cp.Parameter(shape, nonneg=True)


def regression(objective, constraints=lambda x: [], rows=40, columns=20, extra=0):
    """A problem in Ax, b and nonnegative weights."""
    def build():
        x, A, b = cp.Variable(columns), cp.Parameter((rows, columns)), cp.Parameter(rows)
        weights = [nonnegative() for _ in range(extra)]
        problem = cp.Problem(cp.Minimize(objective(A @ x - b, x, *weights)), constraints(x))
        return problem, [A, b, *weights], [x]
    return build


def without_targets(objective):
    def build():
        x, A, r = cp.Variable(20), cp.Parameter((40, 20)), nonnegative()
        return cp.Problem(cp.Minimize(objective(A @ x, x, r))), [A, r], [x]
    return build


def group_lasso():
    X, A, B, r = cp.Variable((10, 2)), cp.Parameter((40, 10)), cp.Parameter((40, 2)), nonnegative()
    objective = cp.sum_squares(A @ X - B) + r * cp.sum(cp.norm(X, 2, axis=1))
    return cp.Problem(cp.Minimize(objective)), [A, B, r], [X]


def near(constraints, size=20, penalty=None):
    """The point nearest to a parameter."""
    def build():
        x, y = cp.Variable(size), cp.Parameter(size)
        objective, parameters = cp.sum_squares(x - y), [y]
        if penalty is not None:
            parameters.append(nonnegative())
            objective += parameters[1] * penalty(x)
        return cp.Problem(cp.Minimize(objective), constraints(x)), parameters, [x]
    return build


def basis_pursuit():
    x, A, b = cp.Variable(40), cp.Parameter((20, 40)), cp.Parameter(20)
    return cp.Problem(cp.Minimize(cp.norm1(x)), [A @ x == b]), [A, b], [x]


def markowitz():
    w, mu, F = cp.Variable(20), cp.Parameter(20), cp.Parameter((20, 20))
    objective = cp.sum_squares(F @ w) - mu @ w
    return cp.Problem(cp.Minimize(objective), [cp.sum(w) == 1, w >= 0]), [mu, F], [w]


def factor_portfolio():
    w, f, change = cp.Variable(50), cp.Variable(5), cp.Variable(50)
    mu, F, held, cost = cp.Parameter(50), cp.Parameter((5, 50)), cp.Parameter(50), nonnegative()
    # A variable of its own for w - held: a product of parameters is refused.
    objective = cp.sum_squares(f) + 0.1 * cp.sum_squares(w) - mu @ w + cost * cp.norm1(change)
    constraints = [f == F @ w, cp.sum(w) == 1, w >= 0, change == w - held]
    return cp.Problem(cp.Minimize(objective), constraints), [mu, F, held, cost], [w]


def execution():
    trades, total, impact = cp.Variable(30), cp.Parameter(), nonnegative()
    objective = impact * cp.sum_squares(trades) + 0.1 * cp.sum_squares(cp.cumsum(trades))
    constraints = [cp.sum(trades) == total, trades >= 0]
    return cp.Problem(cp.Minimize(objective), constraints), [total, impact], [trades]


def predictive_control():
    x, u, start = cp.Variable((11, 4)), cp.Variable((10, 2)), cp.Parameter(4)
    A, B = 0.9 * np.eye(4), np.ones((4, 2))
    constraints = [x[0] == start, u <= 1, u >= -1]
    constraints += [x[t + 1] == A @ x[t] + B @ u[t] for t in range(10)]
    objective = cp.sum_squares(x) + 0.1 * cp.sum_squares(u)
    return cp.Problem(cp.Minimize(objective), constraints), [start], [u]


def water_filling():
    x, noise = cp.Variable(20), nonnegative(20)
    objective = cp.sum(cp.log(x + noise))
    return cp.Problem(cp.Maximize(objective), [cp.sum(x) == 1, x >= 0]), [noise], [x]


def maximum_entropy():
    p, A, b = cp.Variable(20), cp.Parameter((5, 20)), cp.Parameter(5)
    constraints = [cp.sum(p) == 1, A @ p == b]
    return cp.Problem(cp.Maximize(cp.sum(cp.entr(p))), constraints), [A, b], [p]


def chebyshev_centre():
    x, r, A, b = cp.Variable(10), cp.Variable(), cp.Parameter((30, 10)), cp.Parameter(30)
    lengths = nonnegative(30)
    return cp.Problem(cp.Maximize(r), [A @ x + lengths * r <= b]), [A, b, lengths], [x]


def geometric_median():
    x, points = cp.Variable((1, 3)), cp.Parameter((20, 3))
    objective = cp.sum(cp.norm(points - np.ones((20, 1)) @ x, 2, axis=1))
    return cp.Problem(cp.Minimize(objective)), [points], [x]


def robust_linear():
    x, c, A, b = cp.Variable(10), cp.Parameter(10), cp.Parameter((15, 10)), cp.Parameter(15)
    constraints = [A[i] @ x + 0.1 * cp.norm(x, 2) <= b[i] for i in range(15)] + [x <= 1, x >= -1]
    return cp.Problem(cp.Minimize(c @ x), constraints), [c, A, b], [x]


def log_sum_exp():
    x, A, b = cp.Variable(10), cp.Parameter((20, 10)), cp.Parameter(20)
    objective = cp.log_sum_exp(A @ x + b) + 0.01 * cp.sum_squares(x)
    return cp.Problem(cp.Minimize(objective)), [A, b], [x]


def maximum_cut():
    X, C = cp.Variable((10, 10), PSD=True), cp.Parameter((10, 10))
    objective = cp.sum(cp.multiply(C, X))
    return cp.Problem(cp.Maximize(objective), [cp.diag(X) == 1]), [C], [X]


def covariance_selection():
    X, S, r = cp.Variable((6, 6), PSD=True), cp.Parameter((6, 6)), nonnegative()
    objective = cp.sum(cp.multiply(S, X)) - cp.log_det(X) + r * cp.sum(cp.abs(X))
    return cp.Problem(cp.Minimize(objective)), [S, r], [X]


def matrix_completion():
    X, mask, Y = cp.Variable((6, 5)), nonnegative(6, 5), cp.Parameter((6, 5))
    objective = cp.normNuc(X) + cp.sum_squares(cp.multiply(mask, X) - Y)
    return cp.Problem(cp.Minimize(objective)), [mask, Y], [X]


PROBLEMS = {
    "least-squares": regression(lambda e, x: cp.sum_squares(e)),
    "nonnegative": regression(lambda e, x: cp.sum_squares(e), lambda x: [x >= 0]),
    "ridge": regression(lambda e, x, r: cp.sum_squares(e) + r * cp.sum_squares(x), extra=1),
    "lasso": regression(lambda e, x, r: cp.sum_squares(e) + r * cp.norm1(x), extra=1),
    "elastic-net": regression(
        lambda e, x, r, s: cp.sum_squares(e) + r * cp.norm1(x) + s * cp.sum_squares(x), extra=2),
    "group-lasso": group_lasso,
    "huber": regression(lambda e, x: cp.sum(cp.huber(e, 1))),
    "least-deviations": regression(lambda e, x: cp.norm1(e)),
    "quantile": regression(lambda e, x: cp.sum(0.9 * cp.pos(e) + 0.1 * cp.neg(e))),
    "logistic": without_targets(lambda z, x, r: cp.sum(cp.logistic(z)) + r * cp.sum_squares(x)),
    "support-vectors": without_targets(
        lambda z, x, C: 0.5 * cp.sum_squares(x) + C * cp.sum(cp.pos(1 - z))),
    "denoising": near(lambda x: [], 50, lambda x: cp.norm1(cp.diff(x))),
    "isotonic": near(lambda x: [cp.diff(x) >= 0], 50),
    "basis-pursuit": basis_pursuit,
    "markowitz": markowitz,
    "factor-portfolio": factor_portfolio,
    "execution": execution,
    "predictive-control": predictive_control,
    "water-filling": water_filling,
    "maximum-entropy": maximum_entropy,
    "simplex": near(lambda x: [cp.sum(x) == 1, x >= 0]),
    "one-norm-ball": near(lambda x: [cp.norm1(x) <= 1]),
    "ball": near(lambda x: [cp.norm(x, 2) <= 1]),
    "chebyshev-centre": chebyshev_centre,
    "geometric-median": geometric_median,
    "robust-linear": robust_linear,
    "log-sum-exp": log_sum_exp,
    "maximum-cut": maximum_cut,
    "covariance-selection": covariance_selection,
    "matrix-completion": matrix_completion,
}
