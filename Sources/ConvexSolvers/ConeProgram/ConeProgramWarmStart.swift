import LinearAlgebra

/// A guess of the primal and dual solution and the slack, from which a solve may start: an earlier
/// answer, or a prediction. It is moved into the interior of the cones first.
public struct ConeProgramWarmStart: Sendable {
  /// Shape `[B, n]` or `[n]`.
  public var x: BatchedVector
  /// Shape `[B, m]` or `[m]`.
  public var y: BatchedVector
  /// Shape `[B, m]` or `[m]`.
  public var s: BatchedVector

  /// A guess.
  public init(x: BatchedVector, y: BatchedVector, s: BatchedVector) {
    self.x = x
    self.y = y
    self.s = s
  }

  /// The answer to an earlier problem of the same shape.
  public init(_ solution: ConeProgramSolution) {
    self.init(
      x: BatchedVector(shared: solution.x), y: BatchedVector(shared: solution.y),
      s: BatchedVector(shared: solution.s))
  }

  /// The answers to an earlier batch of the same shape and size.
  public init(_ solution: ConeProgramBatchSolution) {
    self.init(x: solution.x, y: solution.y, s: solution.s)
  }
}
