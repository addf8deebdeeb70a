/// Why a matrix could not be factored.
///
/// Indices are zero-based and refer to the rows and columns of the matrix as given.
public enum FactorizationError: Error, Sendable, Equatable {
  /// Only square matrices have this factorization.
  case notSquare(rows: Int, columns: Int)
  /// The leading block up to and including this row is not positive definite.
  case notPositiveDefinite(pivot: Int)
  /// This pivot is exactly zero: no unique solution exists.
  case singular(pivot: Int)
  /// The matrix holds a NaN or an infinity.
  case notFinite(row: Int, column: Int)
  /// An iterative eigenvalue computation stopped early.
  case noConvergence
}

extension FactorizationError: CustomStringConvertible {
  /// What is wrong, where, and what to do about it.
  public var description: String {
    switch self {
    case .notSquare(let rows, let columns):
      "the matrix is [\(rows), \(columns)], not square"
    case .notPositiveDefinite(let pivot):
      "the matrix is not positive definite: pivot \(pivot) is not positive; "
        + "add a multiple of the identity, or factor it as LDLT"
    case .singular(let pivot):
      "the matrix is singular: pivot \(pivot) is zero; "
        + "QR and SymmetricEigen give least-norm solutions of singular systems"
    case .notFinite(let row, let column):
      "the matrix has an element that is not finite, at [\(row), \(column)]"
    case .noConvergence:
      "the eigenvalues did not converge"
    }
  }
}

extension Matrix {
  func requireSquare() throws(FactorizationError) {
    guard rows == columns else { throw .notSquare(rows: rows, columns: columns) }
  }

  /// Throws at the first element that is not finite, in the lower triangle only if asked.
  func requireFinite(lowerTriangleOnly: Bool = false) throws(FactorizationError) {
    if isFinite { return }
    for i in 0..<rows {
      for j in 0..<(lowerTriangleOnly ? min(i + 1, columns) : columns) where !self[i, j].isFinite {
        throw .notFinite(row: i, column: j)
      }
    }
  }
}
