import CKernels
import LinearAlgebra

/// The Cholesky factors of a batch of constant symmetric matrices, in double precision.
///
/// Up to `largestInterleaved` rows eight matrices are factored at a time, one per lane of the
/// vector registers; larger ones go to LAPACK one by one.
struct CholeskyFactors: Sendable {
  static let largestInterleaved = 64

  let batch: [Int]
  let size: Int
  /// `[groups, n, n, 8]` interleaved, or `[items, n, n]`.
  private let factors: Tensor
  /// `[groups, n, 8]`; unused for large matrices.
  private let inverseDiagonal: Tensor
  private let items: Int

  private var isInterleaved: Bool { size <= CholeskyFactors.largestInterleaved }

  /// Factors the symmetric parts of `[batch..., n, n]`.
  init(_ matrices: Tensor, operand: String = "A") throws(TensorLinearAlgebraError) {
    let n = matrices.shape[matrices.rank - 1]
    let matrices = matrices.detached
    let items = matrices.items
    batch = matrices.batchShape
    size = n
    self.items = items
    let source = matrices.asType(.float64)
    // One entry per item: the failing pivot, or n.
    var failing: [Int64]
    if n <= CholeskyFactors.largestInterleaved {
      let groups = (items + 7) / 8
      let factors = Tensor(uninitialized: [groups, n, n, 8], dtype: .float64)
      let inverses = Tensor(uninitialized: [groups, n, 8], dtype: .float64)
      failing = [Int64](repeating: 0, count: 8 * groups)
      failing.withUnsafeMutableBufferPointer { failing in
        let failing = failing.baseAddress
        forEachRange(of: items, grain: 8, nanoseconds: CholeskyFactors.cost(n)) { range in
          let start = range.lowerBound
          batch_cholesky(
            n, range.count, source.doubles + start * n * n, factors.doubles + start * n * n,
            inverses.doubles + start * n, failing! + start)
        }
      }
      self.factors = factors
      inverseDiagonal = inverses
    } else {
      let factors = source.symmetricPart
      failing = [Int64](repeating: Int64(n), count: items)
      failing.withUnsafeMutableBufferPointer { failing in
        let failing = failing.baseAddress!
        forEachRange(of: items, nanoseconds: CholeskyFactors.cost(n)) { range in
          for item in range {
            let A = factors.doubles + item * n * n
            if let pivot = LAPACK.potrf(.lower, n: n, A: A) {
              failing[item] = Int64(pivot)
              continue
            }
            for i in 0..<n {
              if i + 1 < n { (A + i * n + i + 1).update(repeating: 0, count: n - 1 - i) }
            }
          }
        }
      }
      self.factors = factors
      inverseDiagonal = Tensor(0)
    }
    for item in 0..<items where failing[item] < n {
      // Only now: a matrix that is not finite fails as well.
      try matrices.requireFiniteMatrices(operand)
      throw .notPositiveDefinite(item: item, pivot: Int(failing[item]))
    }
  }

  /// Nanoseconds for one factorization, roughly.
  private static func cost(_ n: Int) -> Double { Double(n * n * n) / 30 + Double(n * n) / 2 }

  /// The factors L `[batch..., n, n]`, zero above the diagonal.
  func lower(_ dtype: DType) -> Tensor {
    if !isInterleaved {
      return Tensor(storage: TensorStorage(factors.storage, shape: batch + [size, size]))
        .asType(dtype)
    }
    let result = Tensor(uninitialized: batch + [size, size], dtype: .float64)
    batch_cholesky_lower(size, items, factors.doubles, result.doubles)
    return result.asType(dtype)
  }

  /// x = A^-1 b for constants b `[batch..., n, k]`.
  func solve(_ b: Tensor) -> Tensor {
    let (n, k) = (size, b.shape[b.rank - 1])
    let source = b.asType(.float64)
    let x = Tensor(uninitialized: b.shape, dtype: .float64)
    if x.count == 0 { return x.asType(b.dtype) }
    let cost = Double(n * n * k) / 8 + 20
    if isInterleaved {
      forEachRange(of: items, grain: 8, nanoseconds: cost) { range in
        let start = range.lowerBound
        let work = Tensor(uninitialized: [n, k + 1, 8], dtype: .float64)
        batch_cholesky_solve(
          n, k, range.count, factors.doubles + start * n * n, inverseDiagonal.doubles + start * n,
          source.doubles + start * n * k, x.doubles + start * n * k, work.doubles)
      }
    } else {
      x.memory.copyMemory(from: source.memory, byteCount: x.count * 8)
      forEachRange(of: items, nanoseconds: cost) { range in
        for item in range {
          LAPACK.potrs(
            n: n, columns: k, L: factors.doubles + item * n * n, B: x.doubles + item * n * k)
        }
      }
    }
    return x.asType(b.dtype)
  }

  /// The cotangents of A and b for constants: `gb = A^-1 g` and `gA = -(gb x' + x gb')/2`.
  func pullBack(solution x: Tensor, _ g: Tensor) -> (matrix: Tensor, rightHandSide: Tensor) {
    let (n, k) = (size, x.shape[x.rank - 1])
    let x = x.asType(.float64)
    let gb = solve(g.asType(.float64))
    let gA = Tensor(uninitialized: batch + [n, n], dtype: .float64)
    forEachRange(of: items, nanoseconds: Double(n * n * max(k, 1)) / 4) { range in
      let start = range.lowerBound
      batch_symmetric_pullback(
        n, k, range.count, x.doubles + start * n * k, gb.doubles + start * n * k,
        gA.doubles + start * n * n)
    }
    return (gA.asType(g.dtype), gb.asType(g.dtype))
  }

  /// The cotangent of A for constant factors L and their cotangent g, by the steps of the
  /// factorization in reverse; nil for large matrices, for which the composition of matrix products
  /// is faster.
  static func pullBack(_ L: Tensor, _ g: Tensor) -> Tensor? {
    let n = L.shape[L.rank - 1]
    if n > largestInterleaved { return nil }
    let factors = L.asType(.float64)
    let result = g.copyInDoubles()
    forEachRange(of: L.items, grain: 8, nanoseconds: 3 * cost(n)) { range in
      let offset = range.lowerBound * n * n
      let work = Tensor(uninitialized: [2 * n * n, 8], dtype: .float64)
      batch_cholesky_pullback(
        n, range.count, factors.doubles + offset, result.doubles + offset, work.doubles)
    }
    return result.asType(g.dtype)
  }

  /// log det A `[batch...]`.
  func logDeterminants(_ dtype: DType) -> Tensor {
    let lower = lower(.float64)
    let result = Tensor(uninitialized: batch, dtype: .float64)
    for item in 0..<items {
      var sum = LogarithmOfProduct()
      for i in 0..<size { sum.multiply(by: lower.doubles[(item * size + i) * size + i]) }
      result.doubles[item] = 2 * sum.logarithmOfMagnitude
    }
    return result.asType(dtype)
  }
}
