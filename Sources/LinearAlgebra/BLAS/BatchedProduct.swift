import CLinearAlgebra

extension BLAS {
  /// `C = op(A) op(B)` for `items` packed matrices one after another: op(A) `[m, k]`, op(B) `[k, n]`,
  /// C `[m, n]`. Large work is spread over threads, by items or else by rows of C.
  package static func gemmBatch(
    _ transposeA: Transpose, _ transposeB: Transpose, items: Int, m: Int, n: Int, k: Int,
    A: UnsafePointer<Double>, B: UnsafePointer<Double>, C: UnsafeMutablePointer<Double>
  ) {
    _ = isSingleThreaded
    if k == 0 { return C.update(repeating: 0, count: items * m * n) }
    let rowStep = transposeA == .none ? k : 1
    forEachProduct(items: items, m: m, n: n, k: k) { item, rows in
      la_gemm(
        transposeB.code, transposeA.code, n, rows.count, k, 1, B + item * k * n,
        transposeB == .none ? n : k, A + item * m * k + rows.lowerBound * rowStep,
        transposeA == .none ? k : m, 0, C + (item * m + rows.lowerBound) * n, n)
    }
  }

  /// The same in single precision.
  package static func gemmBatch(
    _ transposeA: Transpose, _ transposeB: Transpose, items: Int, m: Int, n: Int, k: Int,
    A: UnsafePointer<Float>, B: UnsafePointer<Float>, C: UnsafeMutablePointer<Float>
  ) {
    _ = isSingleThreaded
    if k == 0 { return C.update(repeating: 0, count: items * m * n) }
    let rowStep = transposeA == .none ? k : 1
    forEachProduct(items: items, m: m, n: n, k: k) { item, rows in
      la_sgemm(
        transposeB.code, transposeA.code, n, rows.count, k, 1, B + item * k * n,
        transposeB == .none ? n : k, A + item * m * k + rows.lowerBound * rowStep,
        transposeA == .none ? k : m, 0, C + (item * m + rows.lowerBound) * n, n)
    }
  }

  /// The products of a batch, in parts of about four million multiplications (40 to 80 microseconds) or
  /// more.
  @inline(__always)
  private static func forEachProduct(
    items: Int, m: Int, n: Int, k: Int, _ body: (_ item: Int, _ rows: Range<Int>) -> Void
  ) {
    let parts = min(16, items * m * n * k / 4_000_000)
    if items == 1 {
      forEachFixedPart(of: m, partCount: parts, multiple: 16) { body(0, $0) }
    } else {
      forEachFixedPart(of: items, partCount: parts) { range in
        for item in range { body(item, 0..<m) }
      }
    }
  }
}
