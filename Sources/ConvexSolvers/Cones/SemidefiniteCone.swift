import LinearAlgebra

/// The spectral decomposition of a symmetric matrix, given as the vector of its lower triangle column by
/// column with the off-diagonals times √2: what the projection onto the semidefinite cone and its
/// derivative need.
///
/// The projection keeps the positive eigenvalues. The derivative along a symmetric matrix E is
/// `V (B o VᵀEV) Vᵀ` with the divided differences `Bᵢⱼ = (λᵢ⁺ - λⱼ⁺) / (λᵢ - λⱼ)` (Malick and Sendov
/// 2006): 1 for two positive eigenvalues, 0 for two negative ones, equal or not, and `λᵢ / (λᵢ + |λⱼ|)`
/// for one of each; the pair of two zeros has ½.
package struct SpectralSplit: Sendable {
  private let order: Int
  /// Ascending.
  private let values: AlignedBuffer
  /// Row i is the eigenvector of `values[i]`.
  private let vectors: AlignedBuffer

  init(_ point: UnsafePointer<Double>, order: Int) {
    self.order = order
    let n = order
    let matrix = AlignedBuffer(uninitializedCount: n * n)
    values = AlignedBuffer(uninitializedCount: n)
    vectors = matrix
    unpackTriangle(point, matrix.pointer, order: n)
    if n == 0 { return }
    guard (0..<n * (n + 1) / 2).allSatisfy({ point[$0].isFinite }) else {
      fill(with: .nan)
      return
    }
    let work = AlignedBuffer(uninitializedCount: 1 + 6 * n + 2 * n * n)
    let converged = withUnsafeTemporaryAllocation(of: LAPACK.Pivot.self, capacity: 3 + 5 * n) {
      LAPACK.syevd(
        n: n, A: matrix.pointer, values: values.pointer, work: work.pointer,
        integers: $0.baseAddress!)
    }
    if !converged { fill(with: .nan) }
  }

  private func fill(with value: Double) {
    values.pointer.update(repeating: value, count: order)
    vectors.pointer.update(repeating: value, count: order * order)
  }

  /// Writes the projection as a vector of the lower triangle.
  func project(_ result: UnsafeMutablePointer<Double>) {
    let n = order
    let roots = AlignedBuffer(uninitializedCount: n * n)
    var kept = 0
    for i in 0..<n where !(values.pointer[i] <= 0) {
      let root = values.pointer[i].squareRoot()
      for j in 0..<n {
        roots.pointer[kept &* n &+ j] = root * vectors.pointer[i &* n &+ j]
      }
      kept += 1
    }
    let matrix = AlignedBuffer(repeating: 0, count: n * n)
    if kept > 0 {
      BLAS.gemm(
        .transposed, .none, m: n, n: n, k: kept, A: roots.pointer, B: roots.pointer,
        C: matrix.pointer)
    }
    packTriangle(matrix.pointer, result, order: n)
  }

  /// Writes the derivative of the projection along a direction.
  func applyDerivative(
    _ direction: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>
  ) {
    let n = order
    if n == 0 { return }
    let V = vectors.pointer
    let scratch = AlignedBuffer(uninitializedCount: 2 * n * n)
    let E = scratch.pointer
    let product = scratch.pointer + n * n
    unpackTriangle(direction, E, order: n)
    BLAS.gemm(m: n, n: n, k: n, A: V, B: E, C: product)
    BLAS.gemm(.none, .transposed, m: n, n: n, k: n, A: product, B: V, C: E)
    for i in 0..<n {
      for j in 0..<n { E[i &* n &+ j] *= dividedDifference(values.pointer[i], values.pointer[j]) }
    }
    BLAS.gemm(.transposed, .none, m: n, n: n, k: n, A: V, B: E, C: product)
    BLAS.gemm(m: n, n: n, k: n, A: product, B: V, C: E)
    packTriangle(E, result, order: n)
  }

  @inline(__always)
  private func dividedDifference(_ a: Double, _ b: Double) -> Double {
    let larger = max(a, b)
    let smaller = min(a, b)
    if smaller > 0 { return 1 }
    if larger < 0 { return 0 }
    if larger == 0 && smaller == 0 { return 0.5 }
    return larger / (larger - smaller)
  }
}

/// Writes the symmetric matrix `[order, order]` of a vector of the lower triangle.
package func unpackTriangle(
  _ vector: UnsafePointer<Double>, _ matrix: UnsafeMutablePointer<Double>, order n: Int
) {
  let factor = 0.5.squareRoot()
  var place = 0
  for j in 0..<n {
    matrix[j &* n &+ j] = vector[place]
    place += 1
    for i in j + 1..<max(n, j + 1) {
      let value = factor * vector[place]
      matrix[i &* n &+ j] = value
      matrix[j &* n &+ i] = value
      place += 1
    }
  }
}

/// Writes the vector of the lower triangle of a matrix `[order, order]` that is symmetric up to rounding.
package func packTriangle(
  _ matrix: UnsafePointer<Double>, _ vector: UnsafeMutablePointer<Double>, order n: Int
) {
  let factor = 0.5.squareRoot()
  var place = 0
  for j in 0..<n {
    vector[place] = matrix[j &* n &+ j]
    place += 1
    for i in j + 1..<max(n, j + 1) {
      vector[place] = factor * (matrix[i &* n &+ j] + matrix[j &* n &+ i])
      place += 1
    }
  }
}
