import CLinearAlgebra

/// The LAPACK routines that the package uses, on row-major data and caller's workspaces.
///
/// As in `BLAS` the transposed view takes the place of a copy. Right-hand sides of `sytrs` and `getrs`
/// are *rows*: `count` contiguous vectors, shape `[count, n]`; those of `potrs` are columns.
package enum LAPACK {
  package typealias Pivot = la_pivot
  package typealias Doubles = UnsafeMutablePointer<Double>
  package typealias Pivots = UnsafeMutablePointer<Pivot>

  // MARK: Cholesky

  /// Factors symmetric positive definite A `[n, n]` in place; the other triangle is left alone.
  ///
  /// Lower: `A = L L'`. Upper: `A = R'R`. Returns the index of the failing pivot, nil if there is
  /// none.
  package static func potrf(
    _ triangle: BLAS.Triangle = .lower, n: Int, A: Doubles, lda: Int? = nil
  ) -> Int? {
    _ = BLAS.isSingleThreaded
    let stride = lda ?? n
    let info = la_potrf(triangle.code, n, A, stride)
    if info > 0 { return info - 1 }
    // Not every library's potrf stops at a NaN.
    for index in 0..<n where !A[index &* stride &+ index].isFinite { return index }
    return nil
  }

  /// Overwrites B `[n, columns]` with the solution of `L L' X = B`, L from `potrf(.lower)`.
  package static func potrs(
    n: Int, columns: Int = 1, L: UnsafePointer<Double>, ldl: Int? = nil, B: Doubles,
    ldb: Int? = nil
  ) {
    if columns == 1 && (ldb ?? 1) == 1 {
      BLAS.trsv(.lower, n: n, T: L, ldt: ldl, x: B)
      BLAS.trsv(.lower, .transposed, n: n, T: L, ldt: ldl, x: B)
    } else {
      BLAS.trsm(.left, .lower, rows: n, columns: columns, T: L, ldt: ldl, B: B, ldb: ldb)
      BLAS.trsm(
        .left, .lower, .transposed, rows: n, columns: columns, T: L, ldt: ldl, B: B, ldb: ldb)
    }
  }

  /// Estimates `1 / (|A| |A^-1|)` in the 1-norm from the factor of `potrf`.
  ///
  /// `norm` is |A|, `work` has 3n doubles and `integers` n entries.
  package static func pocon(
    _ triangle: BLAS.Triangle = .lower, n: Int, L: UnsafePointer<Double>, norm: Double,
    work: Doubles, integers: Pivots
  ) -> Double {
    var reciprocal = 0.0
    _ = la_pocon(triangle.code, n, L, n, norm, &reciprocal, work, integers)
    return reciprocal
  }

  /// Inverts a triangular matrix in place. Returns the index of a zero on the diagonal, if any.
  package static func trtri(
    _ triangle: BLAS.Triangle = .lower, _ diagonal: BLAS.Diagonal = .stored, n: Int, T: Doubles,
    ldt: Int? = nil
  ) -> Int? {
    _ = BLAS.isSingleThreaded
    let info = la_trtri(triangle.code, diagonal.code, n, T, ldt ?? n)
    return info > 0 ? info - 1 : nil
  }

  // MARK: Symmetric indefinite (Bunch-Kaufman)

  /// The workspace of `sytrf`, in doubles.
  package static func sytrfWorkspace(n: Int) -> Int {
    var size = 0.0
    var matrix = 0.0
    var pivot: Pivot = 0
    _ = la_sytrf(BLAS.Triangle.lower.code, n, &matrix, n, &pivot, &size, -1)
    return max(1, Int(size))
  }

  /// Factors the symmetric A `[n, n]` in place, reading one triangle. Returns the index of a pivot
  /// that is exactly zero, if any.
  package static func sytrf(
    _ triangle: BLAS.Triangle = .lower, n: Int, A: Doubles, lda: Int? = nil, pivots: Pivots,
    work: Doubles, workCount: Int
  ) -> Int? {
    _ = BLAS.isSingleThreaded
    let info = la_sytrf(triangle.code, n, A, lda ?? n, pivots, work, workCount)
    return info > 0 ? info - 1 : nil
  }

  /// Overwrites the rows of B `[count, n]` with the solutions of `A x = b`, from `sytrf`.
  package static func sytrs(
    _ triangle: BLAS.Triangle = .lower, n: Int, count: Int = 1, A: UnsafePointer<Double>,
    lda: Int? = nil, pivots: UnsafePointer<Pivot>, B: Doubles, ldb: Int? = nil
  ) {
    _ = BLAS.isSingleThreaded
    _ = la_sytrs(triangle.code, n, count, A, lda ?? n, pivots, B, ldb ?? n)
  }

  /// As `pocon`, from the factor of `sytrf`; `work` has 2n doubles.
  package static func sycon(
    _ triangle: BLAS.Triangle = .lower, n: Int, A: UnsafePointer<Double>,
    pivots: UnsafePointer<Pivot>, norm: Double, work: Doubles, integers: Pivots
  ) -> Double {
    var reciprocal = 0.0
    _ = la_sycon(triangle.code, n, A, n, pivots, norm, &reciprocal, work, integers)
    return reciprocal
  }

  // MARK: General

  /// Factors the *transpose* of A `[n, n]` in place with partial pivoting. Returns the index of a
  /// pivot that is exactly zero, if any.
  package static func getrf(n: Int, A: Doubles, lda: Int? = nil, pivots: Pivots) -> Int? {
    _ = BLAS.isSingleThreaded
    let info = la_getrf(n, n, A, lda ?? n, pivots)
    return info > 0 ? info - 1 : nil
  }

  /// Overwrites the rows of B `[count, n]` with the solutions of `op(A) x = b`, from `getrf`.
  package static func getrs(
    _ transposeA: BLAS.Transpose = .none, n: Int, count: Int = 1, A: UnsafePointer<Double>,
    lda: Int? = nil, pivots: UnsafePointer<Pivot>, B: Doubles, ldb: Int? = nil
  ) {
    _ = BLAS.isSingleThreaded
    _ = la_getrs(transposeA.flipped.code, n, count, A, lda ?? n, pivots, B, ldb ?? n)
  }

  /// Estimates `1 / (|A| |A^-1|)` in the infinity norm from the factor of `getrf`.
  ///
  /// `norm` is |A|, `work` has 4n doubles and `integers` n entries.
  package static func gecon(
    n: Int, A: UnsafePointer<Double>, norm: Double, work: Doubles, integers: Pivots
  ) -> Double {
    var reciprocal = 0.0
    // The infinity norm of A is the 1-norm of the transpose that was factored.
    _ = la_gecon(CChar(UInt8(ascii: "1")), n, A, n, norm, &reciprocal, work, integers)
    return reciprocal
  }

  // MARK: Orthogonal

  /// The workspace of `geqp3`, and of `ormqr` for that many vectors as `columns`, in doubles.
  package static func orthogonalWorkspace(rows: Int, columns: Int) -> Int {
    // Blocks of up to 64 columns, LAPACK's largest block size, and the triangular factor of ormqr.
    2 * columns + 64 * (max(rows, columns) + 1) + 65 * 64
  }

  /// Factors the transpose of A `[columns, rows]`, that is a `rows x columns` matrix M stored by
  /// columns, as `M P = Q R` with column pivoting, in place.
  ///
  /// `permutation[j]` is the 1-based column of M at place j; an entry that is not zero on entry fixes
  /// that column to the front. `tau` has `min(rows, columns)` entries.
  package static func geqp3(
    rows: Int, columns: Int, M: Doubles, permutation: Pivots, tau: Doubles, work: Doubles,
    workCount: Int
  ) {
    _ = BLAS.isSingleThreaded
    _ = la_geqp3(rows, columns, M, rows, permutation, tau, work, workCount)
  }

  /// Overwrites the rows of B `[count, rows]` by `op(Q) b`, where Q `[rows, rows]` is the product of
  /// the first `reflectors` reflectors of `geqp3`.
  package static func ormqr(
    _ transposeQ: BLAS.Transpose = .none, rows: Int, count: Int = 1, reflectors: Int,
    Q: UnsafePointer<Double>, tau: UnsafePointer<Double>, B: Doubles, work: Doubles,
    workCount: Int
  ) {
    _ = BLAS.isSingleThreaded
    let left = CChar(UInt8(ascii: "L"))
    _ = la_ormqr(
      left, transposeQ.code, rows, count, reflectors, Q, rows, tau, B, rows, work, workCount)
  }

  // MARK: Symmetric eigenvalues

  /// Eigenvalues of the symmetric A `[n, n]`, ascending; row i of A becomes the eigenvector of
  /// `values[i]` (A is destroyed without `vectors`). `work` has `1 + 6n + 2n^2` doubles, `integers` `3 + 5n` entries.
  ///
  /// Returns false if the iteration did not converge.
  package static func syevd(
    _ triangle: BLAS.Triangle = .lower, vectors: Bool = true, n: Int, A: Doubles, values: Doubles,
    work: Doubles, integers: Pivots
  ) -> Bool {
    _ = BLAS.isSingleThreaded
    let job = CChar(UInt8(ascii: vectors ? "V" : "N"))
    return la_syevd(
      job, triangle.code, n, A, n, values, work, 1 + 6 * n + 2 * n * n, integers, 3 + 5 * n)
      == 0
  }

  // MARK: Singular values

  /// The workspace of `gesdd`, in doubles.
  package static func gesddWorkspace(n: Int) -> Int { 4 * n * n + 7 * n + 1 }

  /// A = U diag(values) V' for a square A `[n, n]`, which is destroyed; writes U and V', values
  /// descending. `integers` has 8n entries. Returns whether the iteration converged.
  package static func gesdd(
    n: Int, A: Doubles, values: Doubles, U: Doubles, VT: Doubles, work: Doubles, integers: Pivots
  ) -> Bool {
    _ = BLAS.isSingleThreaded
    // The routine sees A', whose left vectors are V.
    return la_gesdd(n, A, values, VT, U, work, gesddWorkspace(n: n), integers) == 0
  }
}
