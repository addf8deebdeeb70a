/// Why a matrix has no factorization of the wanted kind.
public enum FactorizationError: Error, Sendable, Equatable {
  /// The factorization is of square matrices only.
  case notSquare(rows: Int, columns: Int)
  /// The leading minor of this order is not positive.
  case notPositiveDefinite(order: Int)
  /// The pivot at this index is zero to the last bit.
  case singular(pivot: Int)
  /// An element is NaN or infinite.
  case notFinite
  /// The eigenvalue iteration did not converge.
  case noConvergence
}

extension FactorizationError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notSquare(let rows, let columns): "the matrix is [\(rows), \(columns)], not square"
    case .notPositiveDefinite(let order):
      "the matrix is not positive definite: its leading minor of order \(order) is not positive"
    case .singular(let pivot): "the matrix is singular: pivot \(pivot) is zero"
    case .notFinite: "the matrix has an element that is not finite"
    case .noConvergence: "the eigenvalue iteration did not converge"
    }
  }
}

extension Matrix {
  func requireSquareAndFinite() throws(FactorizationError) {
    guard rows == columns else { throw .notSquare(rows: rows, columns: columns) }
    try requireFinite()
  }

  func requireFinite() throws(FactorizationError) {
    guard isFinite else { throw .notFinite }
  }
}
