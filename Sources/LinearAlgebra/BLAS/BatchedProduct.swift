import CLinearAlgebra

extension BLAS {
  /// `C = op(A) op(B)` for `items` packed matrices one after another: op(A) `[m, k]`, op(B) `[k, n]`,
  /// C `[m, n]`.
  package static func gemmBatch(
    _ transposeA: Transpose, _ transposeB: Transpose, items: Int, m: Int, n: Int, k: Int,
    A: UnsafePointer<Double>, B: UnsafePointer<Double>, C: UnsafeMutablePointer<Double>
  ) {
    _ = isSingleThreaded
    if k == 0 { return C.update(repeating: 0, count: items * m * n) }
    for item in 0..<items {
      la_gemm(
        transposeB.code, transposeA.code, n, m, k, 1, B + item * k * n,
        transposeB == .none ? n : k, A + item * m * k, transposeA == .none ? k : m, 0,
        C + item * m * n, n)
    }
  }

  /// The same in single precision.
  package static func gemmBatch(
    _ transposeA: Transpose, _ transposeB: Transpose, items: Int, m: Int, n: Int, k: Int,
    A: UnsafePointer<Float>, B: UnsafePointer<Float>, C: UnsafeMutablePointer<Float>
  ) {
    _ = isSingleThreaded
    if k == 0 { return C.update(repeating: 0, count: items * m * n) }
    for item in 0..<items {
      la_sgemm(
        transposeB.code, transposeA.code, n, m, k, 1, B + item * k * n,
        transposeB == .none ? n : k, A + item * m * k, transposeA == .none ? k : m, 0,
        C + item * m * n, n)
    }
  }
}
