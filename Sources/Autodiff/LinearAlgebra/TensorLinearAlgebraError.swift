/// Why a factorization or a solve of a batch of matrices has no result.
///
/// `item` counts the matrices of the batch in row-major order of the batch axes. Errors are thrown
/// where a function is computed; the derivatives of what was computed never fail.
public enum TensorLinearAlgebraError: Error, Sendable, Equatable {
  /// The matrix is not positive definite: its Cholesky factorization stops at this pivot.
  case notPositiveDefinite(item: Int, pivot: Int)
  /// The matrix has no inverse: this pivot of its factorization, or this element of its diagonal,
  /// is zero.
  case singular(item: Int, pivot: Int)
  /// The matrix's columns are linearly dependent within rounding: this one on those before it.
  case rankDeficient(item: Int, column: Int)
  /// The iteration for the eigenvalues did not converge.
  case notConverged(item: Int)
  /// The operand has an element that is NaN or infinite.
  case notFinite(operand: String, item: Int)
}

extension TensorLinearAlgebraError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notPositiveDefinite(let item, let pivot):
      "matrix \(item) of the batch is not positive definite: its pivot \(pivot) is not positive"
    case .singular(let item, let pivot):
      "matrix \(item) of the batch is singular: its pivot \(pivot) is zero"
    case .rankDeficient(let item, let column):
      "matrix \(item) of the batch has linearly dependent columns: column \(column) depends on "
        + "those before it"
    case .notConverged(let item):
      "the eigenvalues of matrix \(item) of the batch did not converge"
    case .notFinite(let operand, let item):
      "\(operand) of item \(item) of the batch has an element that is NaN or infinite"
    }
  }
}
