import Argmin
import ConvexModeling
import Testing
import _TestSupport

/// Every atom: its curvature, and that the cones that stand for it give its value.
@Suite struct AtomTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let curvature: Curvature
    let point: [Double]
    let atom: @Sendable (ModelExpression) -> ModelExpression

    init(
      _ name: String, _ curvature: Curvature, at point: [Double] = [0.7, -1.3, 0.2],
      _ atom: @escaping @Sendable (ModelExpression) -> ModelExpression
    ) {
      testDescription = name
      self.curvature = curvature
      self.point = point
      self.atom = atom
    }
  }

  private static let positive = [0.7, 1.3, 0.2]
  private static let symmetric: [Double] = [2, 0.5, -0.3, 0.5, 1.5, 0.4, -0.3, 0.4, 1]

  static let vectorCases: [Case] = [
    Case("abs", .convex) { sum(abs($0)) },
    Case("pos", .convex) { sum(pos($0)) },
    Case("neg", .convex) { sum(neg($0)) },
    Case("scalene", .convex) { sum(scalene($0, slope: 2, negativeSlope: 0.5)) },
    Case("maximum", .convex) { sum(maximum($0, 0.1)) },
    Case("minimum", .concave) { sum(minimum($0, 0.1)) },
    Case("max", .convex) { max($0) },
    Case("min", .concave) { min($0) },
    Case("sumLargest", .convex) { sumLargest($0, count: 2) },
    Case("sumSmallest", .concave) { sumSmallest($0, count: 2) },
    Case("norm1", .convex) { norm1($0) },
    Case("norm2", .convex) { norm2($0) },
    Case("normInfinity", .convex) { normInfinity($0) },
    Case("norm 3", .convex) { norm($0, 3) },
    Case("square", .convex) { sum(square($0)) + max(square($0)) },
    Case("sumSquares", .convex) { sumSquares($0) + norm2($0) },
    Case("quadForm", .convex) { quadForm($0, Tensor(symmetric, shape: [3, 3])) },
    Case("quadForm in a maximum", .convex) {
      maximum(quadForm($0, Tensor(symmetric, shape: [3, 3])), 0)
    },
    Case("quadOverLin", .convex) { quadOverLin($0, $0[0] + 1) },
    Case("huber", .convex) { sum(huber($0, threshold: 0.5)) },
    Case("huber in a maximum", .convex) { max(huber($0, threshold: 0.5)) },
    Case("power 3", .convex, at: positive) { sum(power($0, 3)) },
    Case("power 4", .convex) { sum(power($0, 4)) },
    Case("power 0.3", .concave, at: positive) { sum(power($0, 0.3)) },
    Case("power -2", .convex, at: positive) { sum(power($0, -2)) },
    Case("sqrt", .concave, at: positive) { sum(sqrt($0)) },
    Case("inverse", .convex, at: positive) { sum(inverse($0)) },
    Case("geometricMean", .concave, at: positive) { geometricMean($0) },
    Case("harmonicMean", .concave, at: positive) { harmonicMean($0) },
    Case("exp", .convex) { sum(exp($0)) },
    Case("log", .concave, at: positive) { sum(log($0)) },
    Case("entropy", .concave, at: positive) { sum(entropy($0)) },
    Case("relativeEntropy", .convex, at: positive) { sum(relativeEntropy($0, $0[1])) },
    Case("klDivergence", .convex, at: positive) { sum(klDivergence($0, 0.4)) },
    Case("logistic", .convex) { sum(logistic($0)) },
    Case("logSumExp", .convex) { logSumExp($0) },
    Case("totalVariation", .convex) { totalVariation($0) },
    Case("norm 0.5", .concave, at: positive) { norm($0, 0.5) },
    Case("dotSort", .convex) { dotSort($0, weights: [1, -0.25, 0.5]) },
    Case("peakToPeak", .convex) { peakToPeak($0) },
    Case("standardDeviation", .convex) { standardDeviation($0, degreesOfFreedom: 1) },
    Case("variance", .convex) { variance($0) },
    Case("log1p", .concave) { sum(log1p($0 * 0.5)) },
    Case("inverseProduct", .convex, at: positive) { inverseProduct($0) },
    Case("one entry", .concave, at: [0.4]) { geometricMean($0) + harmonicMean($0) + min($0) },
  ]

  static let matrixCases: [Case] = [
    Case("lambdaMax", .convex, at: symmetric) { lambdaMax($0) },
    Case("lambdaMin", .concave, at: symmetric) { lambdaMin($0) },
    Case("sumLargestEigenvalues", .convex, at: symmetric) { sumLargestEigenvalues($0, count: 2) },
    Case("logDet", .concave, at: symmetric) { logDet($0) },
    Case("nuclearNorm", .convex, at: symmetric) { nuclearNorm($0[0..<2]) },
    Case("spectralNorm", .convex, at: symmetric) { spectralNorm($0[0..<2]) },
    Case("rowNorms", .convex, at: symmetric) { max(rowNorms($0)) },
    Case("mixedNorm", .convex, at: symmetric) { mixedNorm($0) },
    Case("totalVariation", .convex, at: symmetric) { totalVariation($0) },
    Case("mixedNorm 1, 2", .convex, at: symmetric) { mixedNorm($0, 1, 2) },
    Case("mixedNorm 3, infinity", .convex, at: symmetric) { mixedNorm($0, 3, .infinity) },
    Case("max over rows", .convex, at: symmetric) { sum(max($0, axis: 0)) },
    Case("min over columns", .concave, at: symmetric) { sum(min($0, axis: 1)) },
    Case("logSumExp over rows", .convex, at: symmetric) { max(logSumExp($0, axis: 0)) },
    Case("logSumExp over columns", .convex, at: symmetric) { sum(logSumExp($0, axis: 1)) },
    Case("traceInverse", .convex, at: symmetric) { traceInverse($0) },
    Case("matrixFraction", .convex, at: symmetric) { matrixFraction($0[0] - 1, $0) },
  ]

  @Test(arguments: vectorCases)
  func coneMatchesValue(_ test: Case) throws {
    try check(test, Variable(test.point.count), shape: [test.point.count])
  }

  @Test(arguments: matrixCases)
  func coneMatchesValueOfMatrix(_ test: Case) throws {
    try check(test, Variable(3, 3), shape: [3, 3])
  }

  private func check(_ test: Case, _ x: Variable, shape: [Int]) throws {
    let expression = test.atom(x.expression)
    #expect(expression.curvature == test.curvature)
    let value = test.atom(Tensor(test.point, shape: shape).expression)
    #expect(value.curvature == .constant)
    let point = x == Tensor(test.point, shape: shape)
    let problem = try Problem(
      test.curvature == .convex ? .minimize(expression) : .maximize(expression)
    ) {
      point
    }
    let answer = try problem.solve()
    #expect(answer.status == .optimal)
    // The value of a constant is its only feasible objective.
    let expected = try Problem(.minimize(value)).solve().objective.item
    let closeness = isClose(
      answer.objective.item, expected, relativeTolerance: 1e-6, absoluteTolerance: 1e-7)
    #expect(closeness.holds, "\(closeness)")
  }

  @Test func affineFunctions() throws {
    let X = Variable(2, 3), values = Tensor([[1, 2, 3], [4, 5, 6]])
    func value(_ make: (ModelExpression) -> ModelExpression) throws -> [Double] {
      let e = make(X.expression)
      #expect(e.curvature == .affine)
      let y = Variable(e.shape.reduce(1, *))
      let problem = try Problem(.minimize(0)) {
        X == values
        y == e.flattened
      }
      return try problem.solve()[y].scalars.map { ($0 * 1e6).rounded() / 1e6 }
    }
    #expect(try value { $0.transposed } == [1, 4, 2, 5, 3, 6])
    #expect(try value { $0[1] } == [4, 5, 6])
    #expect(try value { $0[0..<2, 1] } == [2, 5])
    #expect(try value { $0[0, 1..<3] } == [2, 3])
    #expect(try value { $0[0..<2, 1..<3] } == [2, 3, 5, 6])
    #expect(try value { sum($0, axis: 0) } == [5, 7, 9])
    #expect(try value { sum($0, axis: 1) } == [6, 15])
    #expect(try value { mean($0) } == [3.5])
    #expect(try value { trace($0[0..<2, 0..<2]) } == [6])
    #expect(try value { diagonal($0[0..<2, 0..<2]) } == [1, 5])
    #expect(try value { diagonal($0[0]) } == [1, 0, 0, 0, 2, 0, 0, 0, 3])
    #expect(
      try value { upperTriangle($0.transposed * Matrix([[1, 0, 1], [0, 1, 0]])) } == [4, 1, 2])
    #expect(try value { cumulativeSum($0[0]) } == [1, 3, 6])
    #expect(try value { differences($0[0] + [0, 1, 4]) } == [2, 4])
    #expect(try value { differences($0[0] + [0, 1, 4], order: 2) } == [2])
    #expect(try value { concatenate([$0[0], 7, $0[1]]) } == [1, 2, 3, 7, 4, 5, 6])
    #expect(try value { kron(Matrix([[1, 2]]), $0[0..<1, 0..<2]) } == [1, 2, 2, 4])
    #expect(try value { convolve([1, 2], $0[0]) } == [1, 4, 7, 6])
    #expect(try value { 2 * $0[0] - [1, 1, 1] / 2 } == [1.5, 3.5, 5.5])
    #expect(try value { $0 * [1, 0, 1] } == [4, 10])
    #expect(try value { [1, 1] * $0 } == [5, 7, 9])
    #expect(try value { $0 + Tensor([[10], [20]]) } == [11, 12, 13, 24, 25, 26])
    #expect(
      try value { blockMatrix([[$0[0..<1], 1], [$0[1..<2], 0]]) } == [1, 2, 3, 1, 4, 5, 6, 0])
  }
}
