import CLinearAlgebra

/// The BLAS routines that the package uses, on row-major data.
///
/// A row-major matrix is the transpose of a column-major one, so each routine swaps its operands,
/// triangles or sides instead of copying. `ld...` is the distance between two rows; it may be left
/// out for packed storage. No routine allocates, and an empty shape is a no-op (apart from `beta`).
package enum BLAS {
  /// Whether an operand is used as it stands or transposed.
  package enum Transpose: Sendable {
    case none, transposed

    var code: CChar { CChar(self == .none ? UInt8(ascii: "N") : UInt8(ascii: "T")) }
    var flipped: Transpose { self == .none ? .transposed : .none }
  }

  /// The triangle of a row-major matrix that is read or written.
  package enum Triangle: Sendable {
    case lower, upper

    /// The other triangle: what LAPACK sees of row-major data.
    var code: CChar { CChar(self == .lower ? UInt8(ascii: "U") : UInt8(ascii: "L")) }
  }

  /// Whether a triangular matrix has ones on its diagonal that are not stored.
  package enum Diagonal: Sendable {
    case stored, unit

    var code: CChar { CChar(self == .stored ? UInt8(ascii: "N") : UInt8(ascii: "U")) }
  }

  /// The side of the unknown on which a matrix stands.
  package enum Side: Sendable {
    case left, right

    /// The other side: what BLAS sees of row-major data.
    var code: CChar { CChar(self == .left ? UInt8(ascii: "R") : UInt8(ascii: "L")) }
  }

  /// Reading it sets the library to one thread, once per process.
  package static let isSingleThreaded: Bool = {
    la_use_one_thread()
    return true
  }()

  /// What the variable `OPENBLAS_CORETYPE` should be at the start of the process: releases of OpenBLAS that are
  /// older than the processor fall back to kernels four times as slow. Nil if all is well.
  package static var missedCoreType: String? { la_missed_core_type().map { String(cString: $0) } }

  /// `C = alpha op(A) op(B) + beta C` with op(A) `[m, k]`, op(B) `[k, n]`, C `[m, n]`.
  ///
  /// With `beta` 0 the old content of C is not read.
  package static func gemm(
    _ transposeA: Transpose = .none, _ transposeB: Transpose = .none, m: Int, n: Int, k: Int,
    alpha: Double = 1, A: UnsafePointer<Double>, lda: Int? = nil, B: UnsafePointer<Double>,
    ldb: Int? = nil, beta: Double = 0, C: UnsafeMutablePointer<Double>, ldc: Int? = nil
  ) {
    _ = isSingleThreaded
    la_gemm(
      transposeB.code, transposeA.code, n, m, k, alpha,
      B, ldb ?? (transposeB == .none ? n : k), A, lda ?? (transposeA == .none ? k : m),
      beta, C, ldc ?? n)
  }

  /// `y = alpha op(A) x + beta y` with A `[rows, columns]`.
  ///
  /// With `beta` 0 the old content of y is not read.
  package static func gemv(
    _ transposeA: Transpose = .none, rows: Int, columns: Int, alpha: Double = 1,
    A: UnsafePointer<Double>, lda: Int? = nil, x: UnsafePointer<Double>, beta: Double = 0,
    y: UnsafeMutablePointer<Double>
  ) {
    _ = isSingleThreaded
    // The reference routine returns early for an empty operand, and some libraries multiply the old
    // content by beta even if that is zero: y is cleared here.
    let length = transposeA == .none ? rows : columns
    var beta = beta
    if beta == 0 {
      y.update(repeating: 0, count: length)
      beta = 1
    }
    if rows == 0 || columns == 0 {
      if beta != 1 { for index in 0..<length { y[index] *= beta } }
      return
    }
    la_gemv(transposeA.flipped.code, columns, rows, alpha, A, lda ?? columns, x, beta, y)
  }

  /// One triangle of `C = alpha op(A) op(A)' + beta C` with op(A) `[n, k]`, C `[n, n]`.
  ///
  /// `.none` gives `A A'` for A `[n, k]`, `.transposed` gives `A'A` for A `[k, n]`. The other
  /// triangle of C is neither read nor written.
  package static func syrk(
    _ transposeA: Transpose = .none, _ triangle: Triangle = .lower, n: Int, k: Int,
    alpha: Double = 1, A: UnsafePointer<Double>, lda: Int? = nil, beta: Double = 0,
    C: UnsafeMutablePointer<Double>, ldc: Int? = nil
  ) {
    _ = isSingleThreaded
    la_syrk(
      triangle.code, transposeA.flipped.code, n, k, alpha,
      A, lda ?? (transposeA == .none ? k : n), beta, C, ldc ?? n)
  }

  /// Overwrites B `[rows, columns]` with X where `op(T) X = alpha B` (left) or `X op(T) = alpha B`.
  package static func trsm(
    _ side: Side = .left, _ triangle: Triangle = .lower, _ transposeT: Transpose = .none,
    _ diagonal: Diagonal = .stored, rows: Int, columns: Int, alpha: Double = 1,
    T: UnsafePointer<Double>, ldt: Int? = nil, B: UnsafeMutablePointer<Double>, ldb: Int? = nil
  ) {
    _ = isSingleThreaded
    la_trsm(
      side.code, triangle.code, transposeT.code, diagonal.code, columns, rows, alpha,
      T, ldt ?? (side == .left ? rows : columns), B, ldb ?? columns)
  }

  /// Overwrites x `[n]` with the solution of `op(T) x = x`.
  package static func trsv(
    _ triangle: Triangle = .lower, _ transposeT: Transpose = .none,
    _ diagonal: Diagonal = .stored, n: Int, T: UnsafePointer<Double>, ldt: Int? = nil,
    x: UnsafeMutablePointer<Double>
  ) {
    _ = isSingleThreaded
    la_trsv(triangle.code, transposeT.flipped.code, diagonal.code, n, T, ldt ?? n, x)
  }
}
