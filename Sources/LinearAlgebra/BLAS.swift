import CLinearAlgebra

/// The BLAS routines that the package uses, on row-major data. A row-major matrix is the transpose of a
/// column-major one, so operands are exchanged or their triangle is swapped; nothing is copied.
package enum BLAS {
  /// Kept to the calling thread: the package spreads batches over cores itself.
  private static let isSingleThreaded: Bool = {
    la_use_one_thread()
    return true
  }()

  /// C := alpha op(A) op(B) + beta C, with op(A) `[m, k]`, op(B) `[k, n]` and C `[m, n]`.
  package static func multiply(
    m: Int, n: Int, k: Int, alpha: Double = 1, A: UnsafePointer<Double>, lda: Int,
    transposeA: Bool = false, B: UnsafePointer<Double>, ldb: Int, transposeB: Bool = false,
    beta: Double = 0, C: UnsafeMutablePointer<Double>, ldc: Int
  ) {
    guard m > 0, n > 0 else { return }
    _ = isSingleThreaded
    // Cᵀ = op(B)ᵀ op(A)ᵀ
    var (rows, columns, depth) = (la_int(n), la_int(m), la_int(k))
    var (lda, ldb, ldc) = (la_int(max(lda, 1)), la_int(max(ldb, 1)), la_int(max(ldc, 1)))
    var (alpha, beta) = (alpha, beta)
    var (first, second) = (flag(transposeB ? "T" : "N"), flag(transposeA ? "T" : "N"))
    dgemm_(
      &first, &second, &rows, &columns, &depth, &alpha, B, &ldb, A, &lda, &beta, C, &ldc)
  }

  /// y := alpha op(A) x + beta y for A `[m, n]`.
  package static func multiply(
    m: Int, n: Int, alpha: Double = 1, A: UnsafePointer<Double>, lda: Int, transpose: Bool = false,
    x: UnsafePointer<Double>, beta: Double = 0, y: UnsafeMutablePointer<Double>
  ) {
    let length = transpose ? n : m
    guard m > 0, n > 0 else {
      for i in 0..<length { y[i] *= beta }
      return
    }
    _ = isSingleThreaded
    var (rows, columns, lda) = (la_int(n), la_int(m), la_int(lda))
    var (alpha, beta, one) = (alpha, beta, la_int(1))
    var operation = flag(transpose ? "N" : "T")
    dgemv_(&operation, &rows, &columns, &alpha, A, &lda, x, &one, &beta, y, &one)
  }

  /// A one-character argument of a Fortran routine.
  static func flag(_ character: Unicode.Scalar) -> CChar { CChar(character.value) }
}
