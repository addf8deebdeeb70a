import Argmin
import ConvexModeling

extension ReferenceProblem {
  /// Eigenvalues, means, powers, images and control.
  static let matrices: [ReferenceProblem] = [
    ReferenceProblem(
      "matrix completion", objective: 5.12347538,
      values: []
    ) {
      let X = Variable(2, 3)
      return (
        try Problem(.minimize(nuclearNorm(X))) {
          X[0] == [1, 2, 0.5]
          X[1, 0] == 2
          X[1, 1] == 4
        }, []
      )
    },
    ReferenceProblem(
      "completion in the spectral norm", objective: 2.29128785,
      values: []
    ) {
      let X = Variable(2, 3)
      return (
        try Problem(.minimize(spectralNorm(X))) {
          X[0] == [1, 2, 0.5]
          X[1, 0] == -1
        }, []
      )
    },
    ReferenceProblem(
      "sum of the largest residuals", objective: 1.0873639,
      values: [
        -0.99825712, -0.402505743, -1.40358412,
      ]
    ) {
      let x = Variable(3)
      return (
        try Problem(.minimize(sumLargest(A * x - b, count: 2) + 0.1 * sumSquares(x))), [x]
      )
    },
    ReferenceProblem(
      "geometric mean", objective: 0.606226155,
      values: [
        0.546475641, 0.726763512, 0.726760847,
      ]
    ) {
      let x = Variable(3)
      return (try Problem(.maximize(geometricMean(x) - 0.1 * x[0])) { sum(x) <= 2 }, [x])
    },
    ReferenceProblem(
      "harmonic mean", objective: 0.603176405,
      values: [
        0.604613863, 0.697693068, 0.697693068,
      ]
    ) {
      let x = Variable(3)
      return (try Problem(.maximize(harmonicMean(x) - 0.1 * x[0])) { sum(x) <= 2 }, [x])
    },
    ReferenceProblem(
      "projection in relative entropy", objective: 0.104649629,
      values: [
        0.4, 0.374998889, 0.225001111,
      ]
    ) {
      let p = Variable(3)
      return (
        try Problem(.minimize(sum(klDivergence(p, [0.2, 0.5, 0.3])))) {
          sum(p) == 1
          p[0] >= 0.4
        }, [p]
      )
    },
    ReferenceProblem(
      "soft maximum", objective: 1.93788272,
      values: [
        -0.299660171, -0.115957585, -0.52902209,
      ]
    ) {
      let x = Variable(3)
      return (try Problem(.minimize(logSumExp(A * x - b) + 0.1 * sumSquares(x))), [x])
    },
    ReferenceProblem(
      "powers", objective: 2.64697599,
      values: [
        0.694835206, 0.694835206, 0.694835206,
      ]
    ) {
      let x = Variable(3)
      let convex = sum(power(x, 1.5)) + sum(power(x, -0.5))
      return (try Problem(.minimize(convex - sum(power(x, 0.3)))), [x])
    },
    ReferenceProblem(
      "inverse, exponential and root", objective: 7.74086383,
      values: [
        0.784202746, 0.784202746, 0.784202746,
      ]
    ) {
      let x = Variable(3)
      return (try Problem(.minimize(sum(inverse(x)) + sum(exp(x)) - sum(sqrt(x)))), [x])
    },
    ReferenceProblem(
      "denoising by total variation", objective: 1.44520311,
      values: [
        0.326769843, 0.326769843, 0.0884556131, -0.386120719, 0.307501813, 0.307501813,
        -0.400450023, -0.400450023,
      ]
    ) {
      let x = Variable(8)
      return (
        try Problem(.minimize(0.5 * sumSquares(x - entries(8, 6)) + 0.4 * totalVariation(x))), [x]
      )
    },
    ReferenceProblem(
      "denoising an image", objective: 1.7615686,
      values: [
        0.812804757, 0.14411345, -0.265386789, -0.227314299, 0.582326871, -0.260898723,
        -0.5062386, 0.189215772, 1.06089166,
      ]
    ) {
      let X = Variable(3, 3)
      let image = Matrix(rows: 3, columns: 3, elements: entries(9, 7))
      return (try Problem(.minimize(0.5 * sumSquares(X - image) + 0.3 * totalVariation(X))), [X])
    },
    ReferenceProblem(
      "quadratic over linear", objective: 2.52795005,
      values: [
        -0.0929359898, -0.00511559618, -0.806146433,
      ]
    ) {
      let x = Variable(3), y = Variable(lower: 0)
      return (try Problem(.minimize(quadOverLin(A * x - b, y + 1) + y)), [x])
    },
    ReferenceProblem(
      "matrix fraction", objective: 1.42561544,
      values: [
        0.571818785, 0.545961103, 0.456604667,
      ]
    ) {
      let x = Variable(3)
      let P = matrixProduct(C, C) + Matrix.identity(3)
      return (try Problem(.minimize(matrixFraction(x, P) + sumSquares(x - 1))), [x])
    },
    ReferenceProblem(
      "sum of the largest eigenvalues", objective: -2.54709551,
      values: [
        -1.82377965, -1.53043366, -1.6457867,
      ]
    ) {
      let x = Variable(3)
      let spectrum = sumLargestEigenvalues(C + diagonal(x), count: 2)
      return (try Problem(.minimize(spectrum + 0.2 * sumSquares(x))), [x])
    },
    ReferenceProblem(
      "projection onto the simplex", objective: 0.57,
      values: [
        0, 0.8, 0, 0.2,
      ]
    ) {
      let x = Variable(4)
      return (
        try Problem(.minimize(sumSquares(x - [0.3, 1.2, -0.4, 0.6]))) {
          sum(x) == 1
          x >= 0
        }, [x]
      )
    },
    ReferenceProblem(
      "step of a predictive controller", objective: 4.88137471,
      values: [
        -0.70399673, -0.336082933, -0.100989411, 0.025774493, 0.0579945484,
      ]
    ) {
      let u = Variable(5), s = Variable(6, 2)
      var cost = 0.1 * sumSquares(u)
      for t in 1...5 { cost = cost + sumSquares(s[t]) }
      let step: Matrix = [[1, 0.1], [0, 1]]
      return (
        try Problem(.minimize(cost)) {
          s[0] == [1, 0]
          for t in 0..<5 { s[t + 1] == step * s[t] + [0.005, 0.1] * u[t] }
          abs(u) <= 2
        }, [u]
      )
    },
    ReferenceProblem(
      "optimal execution", objective: 20.3861852,
      values: [
        4.75650728, 2.19575391, 1.15657507, 0.677801881, 0.437589628, 0.311440255,
        0.246174884, 0.218157094,
      ]
    ) {
      let x = Variable(8, lower: 0)
      let held = sumSquares(10 - cumulativeSum(x))
      return (try Problem(.minimize(sum(power(x, 1.5)) + 0.1 * held)) { sum(x) == 10 }, [x])
    },
  ]
}
