import CKernels
import LinearAlgebra
import OptimizationCore

/// Collects the gradients of the data: written per item, summed in the order of the items where a datum
/// is shared, so that the sum is the same for any number of threads.
final class GradientAccumulator: @unchecked Sendable {
  private let batch: QuadraticProgramBatch
  private let items: Int
  private let n: Int
  private let m: Int
  private let e: Int
  private let Q: AlignedBuffer
  private let G: AlignedBuffer
  private let A: AlignedBuffer
  /// The unknowns of the items' systems, which become the gradients of p, h and b in place: dx, -u, -v.
  private let p: AlignedBuffer
  private let h: AlignedBuffer
  private let b: AlignedBuffer
  /// The factors of the outer products of shared matrices, as rows of padded matrices with two rows per
  /// item: `[direction; point]` of x, lambda and nu, and x with its halves exchanged.
  private let stackX: AlignedBuffer
  private let stackXExchanged: AlignedBuffer
  private let stackLambda: AlignedBuffer
  private let stackNu: AlignedBuffer
  /// Which matrices are summed; with one item there is nothing to sum.
  private let sharesQ: Bool
  private let sharesG: Bool
  private let sharesA: Bool
  private let paddedX: Int
  private let paddedLambda: Int
  private let paddedNu: Int

  init(
    _ batch: QuadraticProgramBatch, items: Int, dx: AlignedBuffer, dlambda: AlignedBuffer,
    dnu: AlignedBuffer
  ) {
    self.batch = batch
    p = dx
    h = dlambda
    b = dnu
    self.items = items
    n = batch.variables
    m = batch.inequalities
    e = batch.equalities
    sharesQ = batch.sharesQuadraticTerm && items != 1
    sharesG = batch.G.items == nil && items != 1
    sharesA = batch.A.items == nil && items != 1
    func padded(_ count: Int) -> Int { (count + 7) / 8 * 8 }
    paddedX = padded(n)
    paddedLambda = padded(m)
    paddedNu = padded(e)
    func storage(_ isShared: Bool, _ rows: Int, _ columns: Int, paddedRow: Int? = nil)
      -> AlignedBuffer
    {
      isShared && items > 0
        ? AlignedBuffer(repeating: 0, count: (rows + 3) / 4 * 4 * (paddedRow ?? columns))
        : AlignedBuffer(uninitializedCount: items * rows * columns)
    }
    Q = storage(sharesQ, n, n, paddedRow: paddedX)
    G = storage(sharesG, m, n, paddedRow: paddedX)
    A = storage(sharesA, e, n, paddedRow: paddedX)
    let nothing = AlignedBuffer(uninitializedCount: 0)
    func stack(_ isNeeded: Bool, _ width: Int) -> AlignedBuffer {
      isNeeded ? AlignedBuffer(repeating: 0, count: 2 * items * width) : nothing
    }
    let sharesAny = sharesQ || sharesG || sharesA
    stackX = stack(sharesAny, paddedX)
    stackXExchanged = stack(sharesAny, paddedX)
    stackLambda = stack(sharesG, paddedLambda)
    stackNu = stack(sharesA, paddedNu)
  }

  /// Adds an item: dQ = (dx xᵀ + x dxᵀ)/2, dp = dx, dG = u xᵀ + lambda dxᵀ, dh = -u, and likewise A, b.
  /// Turns `direction` into the gradients of p, h and b.
  func add(_ index: Int, direction: PointView, point: PointView, isZero: Bool) {
    // An unsolved item contributes its zeros or NaNs without a point.
    let x = isZero ? direction.x : point.x
    let lambda = isZero ? direction.lambda : point.lambda
    let nu = isZero ? direction.nu : point.nu
    if stackX.count > 0 {
      store(direction.x, x, n, stackX, paddedX, index)
      store(x, direction.x, n, stackXExchanged, paddedX, index)
    }
    if !sharesQ {
      ck_symmetric_outer(n, direction.x, x, Q.pointer + index * n * n)
    }
    if sharesG {
      if stackLambda.count > 0 {
        store(direction.lambda, lambda, m, stackLambda, paddedLambda, index)
      }
    } else {
      ck_two_outer(m, n, direction.lambda, x, lambda, direction.x, G.pointer + index * m * n)
    }
    if sharesA {
      if stackNu.count > 0 { store(direction.nu, nu, e, stackNu, paddedNu, index) }
    } else {
      ck_two_outer(e, n, direction.nu, x, nu, direction.x, A.pointer + index * e * n)
    }
    for j in 0..<m { direction.lambda[j] = -direction.lambda[j] }
    for i in 0..<e { direction.nu[i] = -direction.nu[i] }
  }

  private func store(
    _ first: UnsafePointer<Double>, _ second: UnsafePointer<Double>, _ count: Int,
    _ stack: AlignedBuffer, _ width: Int, _ index: Int
  ) {
    let target = stack.pointer + 2 * index * width
    target.update(from: first, count: count)
    (target + width).update(from: second, count: count)
  }

  func finish(certificates: [DerivativeCertificate]) -> QuadraticProgramBatchGradient {
    QuadraticProgramBatchGradient(
      Q: sharesQ
        ? symmetrized(sum(stackX, paddedX, rows: n, into: Q))
        : perItem(Q, rows: n, isShared: batch.sharesQuadraticTerm),
      p: vector(p, batch.p),
      G: sharesG
        ? sum(stackLambda, paddedLambda, rows: m, into: G)
        : perItem(G, rows: m, isShared: batch.G.items == nil),
      h: vector(h, batch.h),
      A: sharesA
        ? sum(stackNu, paddedNu, rows: e, into: A)
        : perItem(A, rows: e, isShared: batch.A.items == nil),
      b: vector(b, batch.b),
      certificates: certificates)
  }

  private func vector(_ storage: AlignedBuffer, _ datum: BatchedVector) -> BatchedVector {
    guard datum.items == nil else {
      return BatchedVector(items: items, count: datum.count, storage: storage)
    }
    let sum = AlignedBuffer(repeating: 0, count: datum.count)
    for index in 0..<items {
      ck_add_scaled(datum.count, 1, storage.pointer + index * datum.count, sum.pointer)
    }
    return BatchedVector(items: nil, count: datum.count, storage: sum)
  }

  private func perItem(_ storage: AlignedBuffer, rows: Int, isShared: Bool) -> BatchedMatrix {
    BatchedMatrix(items: isShared ? nil : items, rows: rows, columns: n, storage: storage)
  }

  /// The sum over the batch of direction xᵀ + point dxᵀ, one product of the stacks.
  private func sum(_ stack: AlignedBuffer, _ width: Int, rows: Int, into padded: AlignedBuffer)
    -> BatchedMatrix
  {
    let result = AlignedBuffer(repeating: 0, count: rows * n)
    if items > 0, rows > 0 {
      ck_transposed_product(
        2 * items, rows, n, stack.pointer, width, stackXExchanged.pointer, paddedX, padded.pointer,
        paddedX)
      for i in 0..<rows {
        (result.pointer + i * n).update(from: padded.pointer + i * paddedX, count: n)
      }
    }
    return BatchedMatrix(items: nil, rows: rows, columns: n, storage: result)
  }

  /// Half of the matrix and its transpose: (dx xᵀ + x dxᵀ) is in both.
  private func symmetrized(_ matrix: BatchedMatrix) -> BatchedMatrix {
    let values = matrix.storage.pointer
    for i in 0..<n {
      for j in 0...i {
        let mean = 0.25 * (values[i * n + j] + values[j * n + i])
        values[i * n + j] = mean
        values[j * n + i] = mean
      }
    }
    return matrix
  }
}
