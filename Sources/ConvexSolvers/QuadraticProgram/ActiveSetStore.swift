import CKernels
import LinearAlgebra

/// The factorizations that the active-set solves of a batch ended with, kept for derivatives: of Q
/// (`Q = RᵀR`, shared where Q is) and of the Gram matrix of the working set.
///
/// Memory is reserved for the largest working sets but only touched as far as used.
final class ActiveSetStore: @unchecked Sendable {
  let n: Int
  /// The most rows that a working set can have.
  let capacity: Int
  let sharesQuadraticTerm: Bool
  private let quadraticRoots: AlignedBuffer
  private let workingRoots: AlignedBuffer
  private let scales: AlignedBuffer
  private let rows: UnsafeMutablePointer<Int32>
  private let counts: UnsafeMutablePointer<Int32>
  private let workingRootStride: Int

  init(items: Int, variables n: Int, rows rowCount: Int, sharesQuadraticTerm: Bool) {
    self.n = n
    self.sharesQuadraticTerm = sharesQuadraticTerm
    capacity = min(n, rowCount)
    workingRootStride = DualGram.rootCount(capacity)
    quadraticRoots = AlignedBuffer(
      uninitializedCount: (sharesQuadraticTerm ? 1 : items) * DualGram.quadraticRootCount(n))
    workingRoots = AlignedBuffer(uninitializedCount: items * workingRootStride)
    scales = AlignedBuffer(uninitializedCount: items * capacity)
    rows = .allocate(capacity: items * capacity + 1)
    counts = .allocate(capacity: items + 1)
    counts.initialize(repeating: -1, count: items + 1)
  }

  deinit {
    rows.deallocate()
    counts.deallocate()
  }

  /// Storage for R of an item.
  func quadraticRoot(_ item: Int) -> UnsafeMutablePointer<Double> {
    quadraticRoots.pointer + (sharesQuadraticTerm ? 0 : item * DualGram.quadraticRootCount(n))
  }

  /// Keeps the working set of an item: canonical rows (equalities, then inequalities), the scale of
  /// each, and the Cholesky factor of the Gram matrix of the scaled rows, `[F Z; 0 root]`.
  func keep(
    item: Int, count: Int, rows source: UnsafePointer<Int32>,
    scales sourceScales: UnsafePointer<Double>, gram: DualGram, working: UnsafePointer<Int>,
    root: UnsafePointer<Double>, ld: Int, inverseDiagonal: UnsafePointer<Double>
  ) {
    let target = workingRoots.pointer + item * workingRootStride
    let compact = (count + 7) / 8 * 8
    let e = gram.equalities
    for i in 0..<e {
      let row = target + i * compact
      (row + i).update(from: gram.F + i * gram.lde + i, count: e - i)
      for a in e..<count { row[a] = gram.Z[i * gram.ldh + working[a - e]] }
    }
    for a in e..<count {
      (target + a * compact + a).update(from: root + (a - e) * (ld + 1), count: count - a)
    }
    let targetDiagonal = target + count * compact
    targetDiagonal.update(from: gram.inverseDiagonalF, count: e)
    (targetDiagonal + e).update(from: inverseDiagonal, count: count - e)
    (rows + item * capacity).update(from: source, count: count)
    (scales.pointer + item * capacity).update(from: sourceScales, count: count)
    counts[item] = Int32(count)
  }

  /// Drops what was kept of an item that another method goes on with.
  func forget(item: Int) { counts[item] = -1 }

  /// The system of the item's working set, or nil if the item was not solved by the active-set method.
  func system(_ item: Int, _ problem: ProblemView) -> ActiveSetSystem? {
    guard counts[item] >= 0 else { return nil }
    let count = Int(counts[item])
    let root = workingRoots.pointer + item * workingRootStride
    let compact = (count + 7) / 8 * 8
    let R = quadraticRoot(item)
    let ldr = (n + 7) / 8 * 8
    return ActiveSetSystem(
      problem: problem, count: count, rows: rows + item * capacity,
      scales: scales.pointer + item * capacity, R: R, ldr: ldr,
      inverseDiagonal: R + (n + 3) / 4 * 4 * ldr, root: root, ldw: compact,
      rootInverseDiagonal: root + count * compact)
  }
}

/// The symmetric system `[Q Cᵀ; C 0] [x; u] = [a; b]` of a working set C of independent rows, with
/// Q positive definite, factored: Q by its Cholesky factor, the rest by that of the scaled Gram matrix
/// `S C Q⁻¹ Cᵀ S`.
struct ActiveSetSystem {
  let problem: ProblemView
  let count: Int
  /// Canonical rows: equalities, then inequalities.
  let rows: UnsafePointer<Int32>
  let scales: UnsafePointer<Double>
  let R: UnsafePointer<Double>
  let ldr: Int
  let inverseDiagonal: UnsafePointer<Double>
  let root: UnsafePointer<Double>
  let ldw: Int
  let rootInverseDiagonal: UnsafePointer<Double>

  func fillRowPointers(_ pointers: UnsafeMutablePointer<UnsafePointer<Double>?>) {
    for a in 0..<count {
      let row = Int(rows[a])
      pointers[a] =
        row < problem.e
        ? problem.A + row * problem.n : problem.G + (row - problem.e) * problem.n
    }
  }

  /// Solves for `x`, `[n]`, and `u`, `[count]`, which hold a and b on entry. `scratch` has n elements.
  /// Four triangular solves with R, two with the working set's factor.
  func solve(
    x: UnsafeMutablePointer<Double>, u: UnsafeMutablePointer<Double>,
    rowPointers: UnsafeMutablePointer<UnsafePointer<Double>?>,
    scratch: UnsafeMutablePointer<Double>, products: UnsafeMutablePointer<Double>
  ) {
    let n = problem.n
    if count > 0 {
      solveQ(x, into: scratch)
      ck_row_products(count, rowPointers, n, scratch, products)
      for a in 0..<count { u[a] = scales[a] * (products[a] - u[a]) }
      ck_solve_transposed(count, root, ldw, rootInverseDiagonal, u)
      ck_solve(count, root, ldw, rootInverseDiagonal, u)
      for a in 0..<count {
        u[a] *= scales[a]
        products[a] = -u[a]
      }
      ck_add_rows(count, rowPointers, n, products, x)
    }
    solveQ(x, into: scratch)
    x.update(from: scratch, count: n)
  }

  /// result := Q⁻¹ x.
  private func solveQ(_ x: UnsafePointer<Double>, into result: UnsafeMutablePointer<Double>) {
    let n = problem.n
    if n <= DualGram.largestInverse {
      ck_multiply(n, n, R + DualGram.rootCount(n), ldr, x, result)
    } else {
      result.update(from: x, count: n)
      ck_solve_transposed(n, R, ldr, inverseDiagonal, result)
      ck_solve(n, R, ldr, inverseDiagonal, result)
    }
  }

  /// An estimate of the condition number, blind to the scaling of variables and rows: the largest ratios
  /// of the diagonals of Q and of the scaled Gram matrix to the squared pivots.
  var conditionEstimate: Double {
    var quadratic = 1.0
    for k in 0..<problem.n {
      let inverse = inverseDiagonal[k]
      quadratic = max(quadratic, problem.Q[k * (problem.n + 1)] * inverse * inverse)
    }
    var working = 1.0
    for a in 0..<count {
      working = max(working, rootInverseDiagonal[a] * rootInverseDiagonal[a])
    }
    return quadratic * working
  }
}
