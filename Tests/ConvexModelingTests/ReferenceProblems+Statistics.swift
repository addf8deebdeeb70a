import Argmin
import ConvexModeling

extension ReferenceProblem {
  /// Fitting, portfolios and programs over simple cones.
  static let statistics: [ReferenceProblem] = [
    ReferenceProblem(
      "perspective of a loss", objective: 7.267533403658497,
      values: [0.39306327, 0.37962058, -0.09259258, 0.7065262215616602]
    ) {
      let y = Variable(3), s = Variable()
      let loss = logistic(sum(y) - 1) + sumSquares(y - 1)
      return (
        try Problem(.minimize(perspective(loss, s) + sumSquares(A * y - b) + square(s - 2))),
        [y, s]
      )
    },
    ReferenceProblem(
      "sorted weights", objective: 3.1164362685718534,
      values: [-0.27543997, -0.24273193, -0.96062261]
    ) {
      let y = Variable(3)
      return (
        try Problem(
          .minimize(dotSort(y, weights: [1, 0.5, -0.25]) + sumSquares(A * y - b))), [y]
      )
    },
    ReferenceProblem(
      "nonnegative least squares", objective: 4.11029238,
      values: [
        0.386038336, 0.33967564, 0,
      ]
    ) {
      let x = Variable(3)
      return (try Problem(.minimize(sumSquares(A * x - b))) { x >= 0 }, [x])
    },
    ReferenceProblem(
      "lasso around a point", objective: 3.67413557,
      values: [
        0.1, 0.1, -0.537829314,
      ]
    ) {
      let x = Variable(3)
      return (try Problem(.minimize(sumSquares(A * x - b) + 0.7 * norm1(x - 0.1))), [x])
    },
    ReferenceProblem(
      "elastic net", objective: 1.8510038,
      values: [
        0, 0, -0.578351874,
      ]
    ) {
      let x = Variable(3)
      let loss = 0.5 * sumSquares(A * x - b)
      return (try Problem(.minimize(loss + 0.3 * norm1(x) + 0.2 * sumSquares(x))), [x])
    },
    ReferenceProblem(
      "support vector machine", objective: 5.84993758,
      values: [
        1.0323961, -0.617175764, -0.425526948,
      ]
    ) {
      let w = Variable(3)
      let hinge = sum(pos(1 - multiply(labels, A * w)))
      return (try Problem(.minimize(0.5 * sumSquares(w) + 2 * hinge)), [w])
    },
    ReferenceProblem(
      "logistic regression", objective: 2.94069994,
      values: [
        0.756649435, -1.22096771, -0.75363707,
      ]
    ) {
      let w = Variable(3)
      let loss = sum(logistic(-multiply(labels, A * w)))
      return (try Problem(.minimize(loss + 0.1 * sumSquares(w))), [w])
    },
    ReferenceProblem(
      "portfolio with transaction costs", objective: 0.227126532,
      values: [
        0, 0.117039828, 0.454174521, 0.428785651,
      ]
    ) {
      let w = Variable(4)
      let utility = dot(mu, w) - 1.5 * quadForm(w, covariance) - 0.05 * norm1(w - 0.25)
      return (
        try Problem(.maximize(utility)) {
          sum(w) == 1
          w >= 0
        }, [w]
      )
    },
    ReferenceProblem(
      "portfolio with a factor model", objective: 0.266393244,
      values: [
        0, 0.0976259394, 0.458556361, 0.4438177,
      ]
    ) {
      let w = Variable(4)
      let specific = sum(multiply([0.1, 0.2, 0.3, 0.4], square(w)))
      let risk = sumSquares(factors.transpose * w) + specific
      return (
        try Problem(.maximize(dot(mu, w) - 1.5 * risk)) {
          sum(w) == 1
          w >= 0
        }, [w]
      )
    },
    ReferenceProblem(
      "robust least squares", objective: 1.3571176,
      values: [
        -0.450802447, -0.310740041, -1.19490425,
      ]
    ) {
      let x = Variable(3)
      return (try Problem(.minimize(sum(huber(A * x - b, threshold: 0.3)))), [x])
    },
    ReferenceProblem(
      "quantile regression", objective: 1.71636323,
      values: [
        0.093084732, 0.0318560669, -0.603134094,
      ]
    ) {
      let x = Variable(3)
      let tilted = sum(scalene(b - A * x, slope: 0.8, negativeSlope: 0.2))
      return (try Problem(.minimize(tilted + 0.05 * sumSquares(x))), [x])
    },
    ReferenceProblem(
      "water filling", objective: 0.863046217,
      values: [
        0.533331863, 0.333332793, 0.133335345,
      ]
    ) {
      let x = Variable(3, lower: 0)
      return (try Problem(.maximize(sum(log([0.8, 1, 1.2] + x)))) { sum(x) == 1 }, [x])
    },
    ReferenceProblem(
      "maximum entropy", objective: 1.3499952,
      values: [
        0.347439662, 0.272207432, 0.21326615, 0.167086756,
      ]
    ) {
      let p = Variable(4)
      return (
        try Problem(.maximize(sum(entropy(p)))) {
          sum(p) == 1
          dot([1, 2, 3, 4], p) == 2.2
        }, [p]
      )
    },
    ReferenceProblem(
      "Chebyshev center", objective: 0.950826071,
      values: [
        -0.0313642173, -0.0633832943, 0.950826071,
      ]
    ) {
      let center = Variable(2), radius = Variable()
      let rows: [[Double]] = [[1, 0.5], [-1, 0.3], [0.2, 1], [-0.4, -1]]
      return (
        try Problem(.maximize(radius)) {
          for (row, bound) in zip(rows, [1, 1.2, 0.9, 1.1]) {
            dot(row, center) + radius * Tensor(row).norm().item <= bound
          }
        }, [center, radius]
      )
    },
    ReferenceProblem(
      "linear objective over a norm ball", objective: -1.82934446,
      values: [
        1.33131517, 0.277502617, -0.401909097,
      ]
    ) {
      let x = Variable(3)
      let cost = dot(Array(mu[0..<3]), x)
      return (try Problem(.minimize(cost)) { norm2(A * x - b) <= 3 }, [x])
    },
    ReferenceProblem(
      "Chebyshev approximation", objective: 1.0586263,
      values: [
        -0.195169911, 0.728733229, -0.32428021,
      ]
    ) {
      let x = Variable(3)
      return (try Problem(.minimize(normInfinity(A * x - b) + 0.01 * sumSquares(x))), [x])
    },
    ReferenceProblem(
      "approximation in the 3-norm", objective: 1.50693859,
      values: [
        -0.0826414121, 0.193111735, -0.618607676,
      ]
    ) {
      let x = Variable(3)
      return (try Problem(.minimize(norm(A * x - b, 3))), [x])
    },
    ReferenceProblem(
      "relaxation of the maximum cut", objective: -3.0355563,
      values: [
        1, 1, -1, 1, 1, -1, -1, -1, 1,
      ]
    ) {
      let X = Variable(3, 3, structure: .semidefinite)
      return (try Problem(.minimize(trace(C * X))) { diagonal(X) == 1 }, [X])
    },
    ReferenceProblem(
      "covariance selection", objective: -2.99710308,
      values: [
        2.12731937, 0.269979901, -0.973417992, 0.269979901, 0.72277636, 0.153366114,
        -0.973417992, 0.153366114, 1.24148421,
      ]
    ) {
      let Y = Variable(3, 3, structure: .symmetric)
      let S = covariance[0..<3, 0..<3]
      let likelihood = logDet(Y) - trace(S * Y)
      return (try Problem(.maximize(likelihood - 0.1 * norm1(Y))), [Y])
    },
    ReferenceProblem(
      "largest eigenvalue", objective: -0.62808497,
      values: [
        -0.601050152, -0.803008532, -1.09594132,
      ]
    ) {
      let x = Variable(3)
      return (try Problem(.minimize(lambdaMax(C + diagonal(x)) + 0.2 * sumSquares(x))), [x])
    },
  ]
}
