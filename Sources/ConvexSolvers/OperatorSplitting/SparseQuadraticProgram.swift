import LinearAlgebra
import OptimizationCore

/// minimize ½ xᵀPx + qᵀx subject to lower ≤ Ax ≤ upper, sparse.
///
/// ```swift
/// let program = try SparseQuadraticProgram(
///   P: SparseMatrix([[4, 1], [1, 2]]), q: [1, 1], A: SparseMatrix([[1, 1], [1, 0], [0, 1]]),
///   lower: [1, 0, 0], upper: [1, 0.7, 0.7])
/// let solution = try AlternatingDirections(program).solve()      // x = [0.3, 0.7]
/// ```
///
/// The dual y has Px + q + Aᵀy = 0, with y ≤ 0 where only the lower and y ≥ 0 where only the upper bound
/// is active.
public struct SparseQuadraticProgram: Sendable {
  /// Quadratic term, whole and symmetric positive semidefinite, shape `[n, n]`.
  public let P: SparseMatrix
  /// Linear term, shape `[n]`.
  public let q: Vector
  /// Constraint matrix, shape `[m, n]`.
  public let A: SparseMatrix
  /// Lower bounds, shape `[m]`; -infinity for none.
  public let lower: Vector
  /// Upper bounds, shape `[m]`; infinity for none.
  public let upper: Vector

  /// The number of variables, n.
  public var variables: Int { q.count }
  /// The number of rows, m.
  public var rows: Int { lower.count }

  /// Checks the data and keeps it.
  ///
  /// An asymmetry of P of at most 1e-6 of its largest entry passes for rounding, and the symmetric part is
  /// kept.
  ///
  /// - Throws: `ProblemError`, naming the argument, for shapes, numbers that are not finite, an
  ///   asymmetric P, and bounds that exclude every number (`lower` above `upper`).
  public init(
    P: SparseMatrix, q: Vector, A: SparseMatrix, lower: Vector, upper: Vector
  ) throws(ProblemError) {
    let n = q.count
    let m = lower.count
    guard P.rows == n, P.columns == n else {
      throw .shape(argument: "P", item: nil, expected: [n, n], actual: [P.rows, P.columns])
    }
    guard A.rows == m, A.columns == n else {
      throw .shape(argument: "A", item: nil, expected: [m, n], actual: [A.rows, A.columns])
    }
    guard upper.count == m else {
      throw .shape(argument: "upper", item: nil, expected: [m], actual: [upper.count])
    }
    try Self.checkFinite(P.values, "P") { P.pattern.index(of: $0) }
    try Self.checkFinite(q, "q") { [$0] }
    try Self.checkFinite(A.values, "A") { A.pattern.index(of: $0) }
    for row in 0..<m {
      if !(lower[row] < .infinity) {
        throw .notFinite(argument: "lower", item: nil, index: [row], value: lower[row])
      }
      if !(upper[row] > -.infinity) {
        throw .notFinite(argument: "upper", item: nil, index: [row], value: upper[row])
      }
      if lower[row] > upper[row] {
        throw .cone(
          reason: "are empty: lower[\(row)] is \(lower[row]), above upper[\(row)], \(upper[row])")
      }
    }
    let largest = P.values.infinityNorm
    var isSymmetric = true
    for j in 0..<n {
      for entry in P.pattern.columnStarts[j]..<P.pattern.columnStarts[j + 1] {
        let i = P.pattern.rowIndices[entry]
        let difference = (P.values[entry] - P[j, i]).magnitude
        isSymmetric = isSymmetric && difference == 0
        if difference > largestRelativeAsymmetry * largest {
          throw .notSymmetric(argument: "P", item: nil, row: i, column: j, difference: difference)
        }
      }
    }
    self.P = isSymmetric ? P : P.symmetricPart
    self.q = q
    self.A = A
    self.lower = lower
    self.upper = upper
  }

  private static func checkFinite(
    _ values: Vector, _ argument: String, index: (Int) -> [Int]
  ) throws(ProblemError) {
    for (place, value) in values.enumerated() where !value.isFinite {
      throw .notFinite(argument: argument, item: nil, index: index(place), value: value)
    }
  }
}

/// A proof that a `SparseQuadraticProgram` has no solution.
public enum SparseQuadraticProgramRay: Sendable, Equatable {
  /// Primal infeasible: Aᵀy = 0 and upperᵀy⁺ + lowerᵀy⁻ = -1 with the positive and negative parts of y.
  case primalInfeasible(y: Vector)
  /// Dual infeasible: Px = 0, qᵀx = -1, and Ax in the recession cone of the bounds.
  case dualInfeasible(x: Vector)
}

/// The answer to a `SparseQuadraticProgram`.
public struct SparseQuadraticProgramSolution: Sendable {
  /// How the solve ended.
  public let status: SolveStatus
  /// ½ xᵀPx + qᵀx.
  public let objective: Double
  /// Primal solution, shape `[n]`; the last iterate if a limit ended the solve, NaN if infeasible.
  public let x: Vector
  /// Dual solution, shape `[m]`.
  public let y: Vector
  /// The proof of infeasibility, if the status says so.
  public let ray: SparseQuadraticProgramRay?
  /// How well the answer satisfies the optimality conditions.
  public let residuals: Residuals
  /// Steps taken.
  public let iterations: Int
  /// Whether x and y come from the active constraints rather than from the last state.
  public let isPolished: Bool
  /// The last state, from which a solve may go on or start again with other data.
  public let state: AlternatingDirections.State
}

extension SparseMatrix {
  /// The mean of the matrix and its transpose.
  fileprivate var symmetricPart: SparseMatrix {
    var entries: [(row: Int, column: Int, value: Double)] = []
    pattern.forEachEntry { entry, row, column in
      let value = values[entry]
      entries.append((row, column, value / 2))
      entries.append((column, row, value / 2))
    }
    return SparseMatrix(
      rows: rows, columns: columns, row: entries.map(\.row), column: entries.map(\.column),
      values: entries.map(\.value))
  }
}
