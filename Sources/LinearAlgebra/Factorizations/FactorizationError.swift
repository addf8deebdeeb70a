/// Why a matrix could not be factored.
///
/// Indices are zero-based and refer to the rows and columns of the matrix as given.
public enum FactorizationError: Error, Sendable, Equatable {
  /// The leading block up to and including this row is not positive definite.
  case notPositiveDefinite(pivot: Int)
  /// This pivot is exactly zero: no unique solution exists.
  case singular(pivot: Int)
  /// The matrix holds a NaN or an infinity.
  case notFinite(row: Int, column: Int)
  /// An iterative eigenvalue computation stopped early.
  case notConverged
}

extension FactorizationError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notPositiveDefinite(let pivot):
      "the matrix is not positive definite: pivot \(pivot) is not positive; "
        + "add a multiple of the identity, or factor it as LDLT"
    case .singular(let pivot):
      "the matrix is singular: pivot \(pivot) is zero; "
        + "QR and SymmetricEigen give least-norm solutions of singular systems"
    case .notFinite(let row, let column):
      "the matrix has an element that is not finite, at [\(row), \(column)]"
    case .notConverged:
      "the eigenvalues did not converge"
    }
  }
}

extension Matrix {
  /// Throws at the first element that is not finite, in the lower triangle only if asked.
  func requireFinite(lowerTriangleOnly: Bool = false) throws(FactorizationError) {
    for i in 0..<rows {
      let row = storage.pointer + i &* columns
      let count = lowerTriangleOnly ? min(i &+ 1, columns) : columns
      // 0 * x is NaN exactly for the values that are not finite.
      var probe = 0.0
      for j in 0..<count { probe += row[j] * 0 }
      if probe != 0 || probe.isNaN {
        for j in 0..<count where !row[j].isFinite { throw .notFinite(row: i, column: j) }
      }
    }
  }
}
