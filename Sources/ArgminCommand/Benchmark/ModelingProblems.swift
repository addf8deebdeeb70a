import Argmin
import ConvexModeling

/// Thirty problems that users write, with their data as parameters where CVXPY can have them: how long it takes to
/// build a layer of each. `Benchmarks/peers/modeling/problems.py` has the same.
extension ModelingBenchmark {
  static let problems: [Cell] = builders.map { name, build in
    Cell(name: "problem-\(name)") { Task(build: build, values: []) }
  }

  private typealias Builder = @Sendable () throws -> (ProblemLayer, Variable)

  private static func layer(
    _ parameters: [Parameter], _ variable: Variable, _ problem: Problem
  ) throws -> (ProblemLayer, Variable) {
    (try problem.layer(parameters: parameters), variable)
  }

  private static func nonnegative(_ shape: Int...) -> Parameter {
    shape.isEmpty
      ? Parameter(sign: .nonnegative)
      : shape.count == 1
        ? Parameter(shape[0], sign: .nonnegative)
        : Parameter(shape[0], shape[1], sign: .nonnegative)
  }

  private static let builders: [(String, Builder)] =
    regressions + portfolios + geometry + matrices

  private static let regressions: [(String, Builder)] = [
    (
      "least-squares",
      {
        let x = Variable(20), A = Parameter(40, 20), b = Parameter(40)
        return try layer([A, b], x, Problem(.minimize(sumSquares(A * x - b))))
      }
    ),
    (
      "nonnegative",
      {
        let x = Variable(20), A = Parameter(40, 20), b = Parameter(40)
        return try layer([A, b], x, Problem(.minimize(sumSquares(A * x - b))) { x >= 0 })
      }
    ),
    (
      "ridge",
      {
        let x = Variable(20), A = Parameter(40, 20), b = Parameter(40), r = nonnegative()
        return try layer(
          [A, b, r], x, Problem(.minimize(sumSquares(A * x - b) + r * sumSquares(x))))
      }
    ),
    (
      "lasso",
      {
        let x = Variable(20), A = Parameter(40, 20), b = Parameter(40), r = nonnegative()
        return try layer([A, b, r], x, Problem(.minimize(sumSquares(A * x - b) + r * norm1(x))))
      }
    ),
    (
      "elastic-net",
      {
        let x = Variable(20), A = Parameter(40, 20), b = Parameter(40)
        let r = nonnegative(), s = nonnegative()
        return try layer(
          [A, b, r, s], x,
          Problem(.minimize(sumSquares(A * x - b) + r * norm1(x) + s * sumSquares(x))))
      }
    ),
    (
      "group-lasso",
      {
        let X = Variable(10, 2), A = Parameter(40, 10), B = Parameter(40, 2), r = nonnegative()
        return try layer(
          [A, B, r], X, Problem(.minimize(sumSquares(A * X - B) + r * sum(rowNorms(X)))))
      }
    ),
    (
      "huber",
      {
        let x = Variable(20), A = Parameter(40, 20), b = Parameter(40)
        return try layer([A, b], x, Problem(.minimize(sum(huber(A * x - b, threshold: 1)))))
      }
    ),
    (
      "least-deviations",
      {
        let x = Variable(20), A = Parameter(40, 20), b = Parameter(40)
        return try layer([A, b], x, Problem(.minimize(norm1(A * x - b))))
      }
    ),
    (
      "quantile",
      {
        let x = Variable(20), A = Parameter(40, 20), b = Parameter(40)
        return try layer(
          [A, b], x,
          Problem(.minimize(sum(scalene(A * x - b, slope: 0.9, negativeSlope: 0.1)))))
      }
    ),
    (
      "logistic",
      {
        let x = Variable(20), A = Parameter(40, 20), r = nonnegative()
        return try layer(
          [A, r], x, Problem(.minimize(sum(logistic(A * x)) + r * sumSquares(x))))
      }
    ),
    (
      "support-vectors",
      {
        let w = Variable(20), X = Parameter(40, 20), C = nonnegative()
        return try layer(
          [X, C], w, Problem(.minimize(0.5 * sumSquares(w) + C * sum(pos(1 - X * w)))))
      }
    ),
    (
      "denoising",
      {
        let x = Variable(50), y = Parameter(50), r = nonnegative()
        return try layer(
          [y, r], x, Problem(.minimize(sumSquares(x - y) + r * norm1(differences(x)))))
      }
    ),
    (
      "isotonic",
      {
        let x = Variable(50), y = Parameter(50)
        return try layer([y], x, Problem(.minimize(sumSquares(x - y))) { differences(x) >= 0 })
      }
    ),
    (
      "basis-pursuit",
      {
        let x = Variable(40), A = Parameter(20, 40), b = Parameter(20)
        return try layer([A, b], x, Problem(.minimize(norm1(x))) { A * x == b })
      }
    ),
  ]

  private static let portfolios: [(String, Builder)] = [
    (
      "markowitz",
      {
        let w = Variable(20), mu = Parameter(20), F = Parameter(20, 20)
        return try layer(
          [mu, F], w,
          Problem(.minimize(sumSquares(F * w) - dot(mu, w))) {
            sum(w) == 1
            w >= 0
          })
      }
    ),
    (
      "factor-portfolio",
      {
        let w = Variable(50), f = Variable(5), mu = Parameter(50), F = Parameter(5, 50)
        let held = Parameter(50), cost = nonnegative()
        return try layer(
          [mu, F, held, cost], w,
          Problem(
            .minimize(sumSquares(f) + 0.1 * sumSquares(w) - dot(mu, w) + cost * norm1(w - held))
          ) {
            f == F * w
            sum(w) == 1
            w >= 0
          })
      }
    ),
    (
      "execution",
      {
        let trades = Variable(30), total = Parameter(), impact = nonnegative()
        return try layer(
          [total, impact], trades,
          Problem(
            .minimize(impact * sumSquares(trades) + 0.1 * sumSquares(cumulativeSum(trades)))
          ) {
            sum(trades) == total
            trades >= 0
          })
      }
    ),
    (
      "predictive-control",
      {
        let x = Variable(11, 4), u = Variable(10, 2), start = Parameter(4)
        let A = Tensor.identity(4) * 0.9, B = Tensor.ones([4, 2])
        return try layer(
          [start], u,
          Problem(.minimize(sumSquares(x) + 0.1 * sumSquares(u))) {
            x[0] == start
            for t in 0..<10 { x[t + 1] == A * x[t] + B * u[t] }
            u <= 1
            u >= -1
          })
      }
    ),
    (
      "water-filling",
      {
        let x = Variable(20), noise = nonnegative(20)
        return try layer(
          [noise], x,
          Problem(.maximize(sum(log(x + noise)))) {
            sum(x) == 1
            x >= 0
          })
      }
    ),
    (
      "maximum-entropy",
      {
        let p = Variable(20), A = Parameter(5, 20), b = Parameter(5)
        return try layer(
          [A, b], p,
          Problem(.maximize(sum(entropy(p)))) {
            sum(p) == 1
            A * p == b
          })
      }
    ),
  ]

  private static let geometry: [(String, Builder)] = [
    (
      "simplex",
      {
        let x = Variable(20), y = Parameter(20)
        return try layer(
          [y], x,
          Problem(.minimize(sumSquares(x - y))) {
            sum(x) == 1
            x >= 0
          })
      }
    ),
    (
      "one-norm-ball",
      {
        let x = Variable(20), y = Parameter(20)
        return try layer([y], x, Problem(.minimize(sumSquares(x - y))) { norm1(x) <= 1 })
      }
    ),
    (
      "ball",
      {
        let x = Variable(20), y = Parameter(20)
        return try layer([y], x, Problem(.minimize(sumSquares(x - y))) { norm2(x) <= 1 })
      }
    ),
    (
      "chebyshev-centre",
      {
        let x = Variable(10), r = Variable(), A = Parameter(30, 10), b = Parameter(30)
        let lengths = nonnegative(30)
        return try layer(
          [A, b, lengths], x, Problem(.maximize(r)) { A * x + lengths * r <= b })
      }
    ),
    (
      "geometric-median",
      {
        let x = Variable(3), points = Parameter(20, 3)
        return try layer(
          [points], x,
          Problem(
            .minimize(sum(rowNorms(points - Tensor.ones([20, 1]) * x.reshaped(to: [1, 3])))))
        )
      }
    ),
    (
      "robust-linear",
      {
        let x = Variable(10), c = Parameter(10), A = Parameter(15, 10), b = Parameter(15)
        return try layer(
          [c, A, b], x,
          Problem(.minimize(dot(c, x))) {
            for i in 0..<15 { dot(A[i], x) + 0.1 * norm2(x) <= b[i] }
            x <= 1
            x >= -1
          })
      }
    ),
    (
      "log-sum-exp",
      {
        let x = Variable(10), A = Parameter(20, 10), b = Parameter(20)
        return try layer(
          [A, b], x, Problem(.minimize(logSumExp(A * x + b) + 0.01 * sumSquares(x))))
      }
    ),
  ]

  private static let matrices: [(String, Builder)] = [
    (
      "maximum-cut",
      {
        let X = Variable(10, 10, structure: .semidefinite), C = Parameter(10, 10)
        return try layer(
          [C], X,
          Problem(.maximize(sum(multiply(C, X)))) { for i in 0..<10 { X[i, i] == 1 } })
      }
    ),
    (
      "covariance-selection",
      {
        let X = Variable(6, 6, structure: .semidefinite), S = Parameter(6, 6), r = nonnegative()
        return try layer(
          [S, r], X,
          Problem(.minimize(sum(multiply(S, X)) - logDet(X) + r * sum(abs(X)))))
      }
    ),
    (
      "matrix-completion",
      {
        let X = Variable(6, 5), mask = nonnegative(6, 5), Y = Parameter(6, 5)
        return try layer(
          [mask, Y], X,
          Problem(.minimize(nuclearNorm(X) + sumSquares(multiply(mask, X) - Y))))
      }
    ),
  ]
}
