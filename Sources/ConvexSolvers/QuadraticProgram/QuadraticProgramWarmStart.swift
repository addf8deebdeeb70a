import LinearAlgebra

/// A guess of the solution from which a solve may start: an earlier answer, or a prediction. What counts is the
/// set of rows that it takes for active; that set is tried first, and mended where it is wrong.
///
/// Where an item has a number that is not finite, it starts without a guess.
public struct QuadraticProgramWarmStart: Sendable {
  /// Multipliers of the inequalities, shape `[B, m]` or `[m]`.
  public var lambda: BatchedVector
  /// Primal solution, shape `[B, n]` or `[n]`. With it a row is taken for active if its multiplier outweighs
  /// its slack, both relative to the largest, which an inexact guess needs; without it if the multiplier is
  /// positive.
  public var x: BatchedVector?

  /// A guess.
  public init(lambda: BatchedVector, x: BatchedVector? = nil) {
    self.lambda = lambda
    self.x = x
  }

  /// The answer to an earlier problem of the same shape.
  public init(_ solution: QuadraticProgramSolution) {
    self.init(lambda: BatchedVector(shared: solution.lambda))
  }

  /// The answers to an earlier batch of the same shape and size.
  public init(_ solution: QuadraticProgramBatchSolution) {
    self.init(lambda: solution.lambda)
  }

  /// Multipliers of an item, positive for the rows that are taken for active; nil if there is no guess.
  func activeMultipliers(_ item: Int, _ problem: ProblemView) -> [Double]? {
    let lambda = UnsafeBufferPointer(start: self.lambda.pointer(item), count: problem.m)
    guard lambda.allSatisfy(\.isFinite) else { return nil }
    guard let x else { return Array(lambda) }
    let point = UnsafeBufferPointer(start: x.pointer(item), count: problem.n)
    guard point.allSatisfy(\.isFinite) else { return nil }
    let slack = (0..<problem.m).map { row -> Double in
      guard problem.isBounded(row) else { return .infinity }
      let coefficients = problem.G + row * problem.n
      return max(problem.h[row] - point.indices.reduce(0) { $0 + coefficients[$1] * point[$1] }, 0)
    }
    let largestSlack = slack.lazy.filter(\.isFinite).max() ?? 0
    let largestMultiplier = lambda.max() ?? 0
    guard largestMultiplier > 0 else { return Array(repeating: 0, count: problem.m) }
    return lambda.indices.map { row in
      lambda[row] * largestSlack > slack[row] * largestMultiplier
        || largestSlack == 0 && lambda[row] > 0 ? max(lambda[row], .leastNormalMagnitude) : 0
    }
  }
}
