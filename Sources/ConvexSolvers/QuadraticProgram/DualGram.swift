import CKernels
import LinearAlgebra

/// The part of the dual problem that depends on Q, G and A only: shared by the items of a batch where
/// these are.
///
/// With Q = RᵀR, rows C (two-sided) and A, the dual is a problem in the multipliers alone whose matrix is
/// the Gram matrix of the whitened rows `C R⁻¹` and `A R⁻¹`. The equalities are eliminated by a Schur
/// complement, which leaves
///
///     H = S (C Q⁻¹ Cᵀ - Zᵀ Z) S,   Z = F⁻ᵀ A Q⁻¹ Cᵀ,   FᵀF = A Q⁻¹ Aᵀ,
///
/// S the diagonal that makes the diagonal of H one (and A scaled likewise before). This scaling makes
/// the method blind to the units of rows and variables.
final class DualGram {
  let n: Int
  let equalities: Int
  private(set) var structure: RowStructure
  /// Leading dimensions: sizes rounded up to 8.
  let ldr: Int
  let ldh: Int
  let lde: Int
  private(set) var rows = 0
  /// Whether the equalities are independent; H has no meaning otherwise.
  private(set) var isRegular = false

  /// R, upper triangular, `[n, ldr]`; in storage of the caller's, who may keep it.
  var R: UnsafeMutablePointer<Double>
  /// 1 / R[k,k].
  var inverseDiagonal: UnsafeMutablePointer<Double> { R + paddedVariables * ldr }
  /// H, `[rows, ldh]`.
  let H: UnsafeMutablePointer<Double>
  /// S, 0 for a row that is constant where the equalities hold; and the scale of the equalities.
  let rowScale: UnsafeMutablePointer<Double>
  let equalityScale: UnsafeMutablePointer<Double>
  /// F, upper triangular, `[e, lde]`, 1 / F[k,k], and Z S, `[e, ldh]`.
  let F: UnsafeMutablePointer<Double>
  let inverseDiagonalF: UnsafeMutablePointer<Double>
  let Z: UnsafeMutablePointer<Double>
  /// The rows C, `[rows, n]`.
  let C: UnsafeMutablePointer<Double>
  private let whitenedC: UnsafeMutablePointer<Double>
  private let whitenedA: UnsafeMutablePointer<Double>
  private let inverseWork: UnsafeMutablePointer<Double>
  private let storage: AlignedBuffer
  private let paddedVariables: Int

  /// The doubles that an upper Cholesky factor of size n and its inverse diagonal take.
  static func rootCount(_ n: Int) -> Int {
    let ldr = (n + 7) / 8 * 8
    return ((n + 3) / 4 * 4 + 1) * ldr
  }

  /// Up to this size Q⁻¹ is formed as well: one product with it costs a quarter of the two dependent
  /// triangular solves, and refinement makes up for its rounding.
  static let largestInverse = 32

  /// The doubles of R, its inverse diagonal and, for small n, Q⁻¹ `[n, ldr]`.
  static func quadraticRootCount(_ n: Int) -> Int {
    rootCount(n) + (n <= largestInverse ? (n + 3) / 4 * 4 * ((n + 7) / 8 * 8) : 0)
  }

  init(_ batch: QuadraticProgramBatch, root: UnsafeMutablePointer<Double>) {
    n = batch.variables
    equalities = batch.equalities
    let m = batch.inequalities
    structure = RowStructure(variables: n, inequalities: m)
    R = root
    ldr = (n + 7) / 8 * 8
    ldh = (m + 7) / 8 * 8
    lde = (equalities + 7) / 8 * 8
    paddedVariables = (n + 3) / 4 * 4
    let paddedRows = (m + 3) / 4 * 4
    let paddedEqualities = (equalities + 3) / 4 * 4
    storage = AlignedBuffer(
      repeating: 0,
      count: paddedRows * ldh + ldh + 2 * lde + paddedEqualities * (lde + ldh)
        + paddedVariables * (ldh + lde) + m * n + ldr
        + (n <= Self.largestInverse ? paddedVariables * ldr : 0))
    H = storage.pointer
    rowScale = H + paddedRows * ldh
    equalityScale = rowScale + ldh
    inverseDiagonalF = equalityScale + lde
    F = inverseDiagonalF + lde
    Z = F + paddedEqualities * lde
    whitenedC = Z + paddedEqualities * ldh
    whitenedA = whitenedC + paddedVariables * ldh
    C = whitenedA + paddedVariables * lde
    inverseWork = C + m * n
  }

  deinit { structure.deallocate() }

  /// Factors Q into R and says what it is. Positive definite means safely so: no pivot below 1e-9 of
  /// its diagonal element, so that x loses no more than half of its digits.
  func factorQuadraticTerm(_ problem: ProblemView) -> QuadraticTerm {
    if problem.choleskyFactor(R, ldr, inverseDiagonal, shift: 0) {
      let isSafe = (0..<n).allSatisfy {
        R[$0 * ldr + $0] * R[$0 * ldr + $0] >= 1e-9 * problem.Q[$0 * n + $0]
      }
      guard isSafe else { return .semidefinite }
      if n <= Self.largestInverse { formInverse() }
      return .positiveDefinite
    }
    return problem.classifyWithoutFactor()
  }

  /// Q⁻¹ = (R⁻ᵀ)ᵀ R⁻ᵀ.
  private func formInverse() {
    inverseWork.update(repeating: 0, count: paddedVariables * ldr)
    for i in 0..<n { inverseWork[i * ldr + i] = 1 }
    ck_solve_transposed_many(n, n, R, ldr, inverseDiagonal, inverseWork, ldr)
    ck_gram(n, n, inverseWork, ldr, R + Self.rootCount(n), ldr)
  }

  /// Finds the two-sided rows and computes H and what belongs to it, for the Q factored last.
  func prepareConstraints(_ problem: ProblemView) {
    structure.identifyPairs(G: problem.G, n: n)
    rows = structure.count
    for i in 0..<rows {
      (C + i * n).update(from: problem.G + structure.upper[i] * n, count: n)
    }
    whiten(C, rows, whitenedC, ldh)
    ck_gram(n, rows, whitenedC, ldh, H, ldh)
    if equalities > 0 {
      whiten(problem.A, equalities, whitenedA, lde)
      isRegular = factorEqualities()
      guard isRegular else { return }
    } else {
      isRegular = true
    }
    for i in 0..<rows { rowScale[i] = H[i * ldh + i] }
    projectOutEqualities()
    scaleRows()
  }

  /// target := R⁻ᵀ sourceᵀ, padded with zeros.
  private func whiten(
    _ source: UnsafePointer<Double>, _ count: Int, _ target: UnsafeMutablePointer<Double>, _ ld: Int
  ) {
    ck_transpose(count, n, source, target, ld)
    for j in 0..<n {
      for i in count..<ld { target[j * ld + i] = 0 }
    }
    ck_solve_transposed_many(n, count, R, ldr, inverseDiagonal, target, ld)
  }

  /// F, of the equalities scaled to length one. False if they are dependent.
  private func factorEqualities() -> Bool {
    ck_gram(n, equalities, whitenedA, lde, F, lde)
    for i in 0..<equalities {
      let square = F[i * lde + i]
      guard square > 0 else { return false }
      equalityScale[i] = 1 / square.squareRoot()
    }
    for i in 0..<equalities {
      for j in 0..<equalities { F[i * lde + j] *= equalityScale[i] * equalityScale[j] }
      for j in equalities..<lde { F[i * lde + j] = 0 }
    }
    return ck_cholesky(equalities, F, lde, inverseDiagonalF, DualActiveSet.smallestPivot)
      == equalities
  }

  /// Z, and H less ZᵀZ.
  private func projectOutEqualities() {
    guard rows > 0, equalities > 0 else { return }
    ck_transposed_product(n, equalities, rows, whitenedA, lde, whitenedC, ldh, Z, ldh)
    for i in 0..<equalities {
      for j in 0..<rows { Z[i * ldh + j] *= equalityScale[i] }
      for j in rows..<ldh { Z[i * ldh + j] = 0 }
    }
    ck_solve_transposed_many(equalities, rows, F, lde, inverseDiagonalF, Z, ldh)
    ck_subtract_gram(equalities, rows, Z, ldh, H, ldh)
  }

  /// S, applied to H and Z. `rowScale` holds the diagonal of H before the projection.
  private func scaleRows() {
    for i in 0..<rows {
      let square = H[i * ldh + i]
      rowScale[i] = square > 1e-10 * rowScale[i] ? 1 / square.squareRoot() : 0
    }
    for i in 0..<rows {
      let row = H + i * ldh
      let scale = rowScale[i]
      for j in 0..<rows { row[j] *= scale * rowScale[j] }
      row[i] = 1
    }
    for i in 0..<equalities {
      for j in 0..<rows { Z[i * ldh + j] *= rowScale[j] }
    }
  }

  /// x := -Q⁻¹ x.
  func solveNegated(_ x: UnsafeMutablePointer<Double>) {
    if n <= Self.largestInverse {
      ck_multiply(n, n, R + Self.rootCount(n), ldr, x, inverseWork)
      for j in 0..<n { x[j] = -inverseWork[j] }
    } else {
      for j in 0..<n { x[j] = -x[j] }
      ck_solve_transposed(n, R, ldr, inverseDiagonal, x)
      ck_solve(n, R, ldr, inverseDiagonal, x)
    }
  }
}

extension ProblemView {
  /// Whether Q is semidefinite, for the methods that need no factor of it: by the Cholesky
  /// factorization of Q + 1e-9 |Q| I.
  func classifyWithoutFactor() -> QuadraticTerm {
    guard !isLinear else { return .semidefinite }
    let ld = (n + 7) / 8 * 8
    let size = ck_largest(n * n, Q)
    guard size > 0 else { return .semidefinite }
    let work = AlignedBuffer(uninitializedCount: DualGram.rootCount(n))
    let shift = 1e-9 * size
    let isSemidefinite = choleskyFactor(
      work.pointer, ld, work.pointer + (n + 3) / 4 * 4 * ld, shift: shift)
    return isSemidefinite ? .semidefinite : .indefinite(shift: shift)
  }

  /// The upper Cholesky factor of Q + shift I in padded storage; false if that is not definite.
  fileprivate func choleskyFactor(
    _ R: UnsafeMutablePointer<Double>, _ ld: Int, _ inverseDiagonal: UnsafeMutablePointer<Double>,
    shift: Double
  ) -> Bool {
    for i in 0..<n {
      let row = R + i * ld
      for j in i..<n { row[j] = Q[i * n + j] }
      for j in n..<ld { row[j] = 0 }
      row[i] += shift
    }
    return ck_cholesky(n, R, ld, inverseDiagonal, 0) == n
  }
}
