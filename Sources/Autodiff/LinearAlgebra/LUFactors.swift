import LinearAlgebra

/// The LU factors with partial pivoting of a batch of constant square matrices, in double
/// precision, by LAPACK.
struct LUFactors: Sendable {
  let batch: [Int]
  let size: Int
  /// `[items, n, n]`, of the transposes.
  private let factors: Tensor
  private let pivots: [LAPACK.Pivot]
  private let items: Int

  /// The first matrix with a pivot that is exactly zero.
  let singular: (item: Int, pivot: Int)?

  /// Factors `[batch..., n, n]`. Throws `notFinite` only: see `singular`.
  init(allowingSingular matrices: Tensor) throws(TensorLinearAlgebraError) {
    let matrices = matrices.detached
    try matrices.requireFiniteMatrices("A")
    let n = matrices.shape[matrices.rank - 1]
    let items = matrices.items
    batch = matrices.batchShape
    size = n
    self.items = items
    let factors = matrices.copyInDoubles()
    var zeros = [Int](repeating: n, count: items)
    pivots = [LAPACK.Pivot](unsafeUninitializedCapacity: items * n) { pivots, count in
      count = items * n
      pivots.initialize(repeating: 0)
      guard n > 0, let pivots = pivots.baseAddress else { return }
      zeros.withUnsafeMutableBufferPointer { zeros in
        guard let zeros = zeros.baseAddress else { return }
        forEachRange(of: items, nanoseconds: Double(n * n * n) / 6 + 1000) { range in
          for item in range {
            if let pivot = LAPACK.getrf(
              n: n, A: factors.doubles + item * n * n, pivots: pivots + item * n)
            {
              zeros[item] = pivot
            }
          }
        }
      }
    }
    self.factors = factors
    singular = zeros.firstIndex { $0 < n }.map { ($0, zeros[$0]) }
  }

  /// Factors `[batch..., n, n]`. Throws `singular` and `notFinite`.
  init(_ matrices: Tensor) throws(TensorLinearAlgebraError) {
    try self.init(allowingSingular: matrices)
    if let singular { throw .singular(item: singular.item, pivot: singular.pivot) }
  }

  /// x = op(A)^-1 b for constants b `[batch..., n, k]`.
  func solve(_ b: Tensor, transposed: Bool) -> Tensor {
    let (n, k) = (size, b.shape[b.rank - 1])
    if b.count == 0 { return b }
    // LAPACK's right-hand sides are contiguous: [..., k, n].
    let x = (k == 1 ? b : b.transposed()).copyInDoubles()
    forEachRange(of: items, nanoseconds: Double(n * n * k) / 4 + 500) { range in
      pivots.withUnsafeBufferPointer { pivots in
        for item in range {
          LAPACK.getrs(
            transposed ? .transposed : .none, n: n, count: k, A: factors.doubles + item * n * n,
            pivots: pivots.baseAddress! + item * n, B: x.doubles + item * n * k)
        }
      }
    }
    return (k == 1 ? x : x.transposed()).asType(b.dtype)
  }

  /// Whether a pivot of some item is below `ratio` times its largest.
  func hasPivot(below ratio: Double) -> Bool {
    (0..<items).contains { item in
      let magnitudes = (0..<size).map { abs(factors.doubles[(item * size + $0) * size + $0]) }
      return (magnitudes.min() ?? 1) < ratio * (magnitudes.max() ?? 1)
    }
  }

  /// Signs and logarithms of the magnitudes of the determinants, each `[batch...]`; 0 and -infinity
  /// for a singular matrix.
  func determinants() -> (signs: Tensor, logMagnitudes: Tensor) {
    let signs = Tensor(uninitialized: batch, dtype: .float64)
    let logMagnitudes = Tensor(uninitialized: batch, dtype: .float64)
    forEachDeterminant { item, product in
      signs.doubles[item] = product.sign
      logMagnitudes.doubles[item] = product.logarithmOfMagnitude
    }
    return (signs, logMagnitudes)
  }

  /// The determinants `[batch...]`.
  func products() -> Tensor {
    let result = Tensor(uninitialized: batch, dtype: .float64)
    forEachDeterminant { result.doubles[$0] = $1.value }
    return result
  }

  private func forEachDeterminant(_ body: (Int, LogarithmOfProduct) -> Void) {
    for item in 0..<items {
      var product = LogarithmOfProduct()
      for i in 0..<size {
        product.multiply(by: factors.doubles[(item * size + i) * size + i])
        // Pivots count from 1, as in Fortran.
        if Int(pivots[item * size + i]) != i + 1 { product.multiply(by: -1) }
      }
      body(item, product)
    }
  }
}
