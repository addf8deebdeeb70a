import CKernels
import LinearAlgebra

/// The part of the dual problem that depends on Q, G and A only: shared by the items of a batch where
/// these are.
///
/// With Q = RᵀR and C the two-sided rows, the dual is a problem in the multipliers alone whose matrix
/// is `H = S C Q⁻¹ Cᵀ S`, S the diagonal that makes the diagonal of H one. This scaling makes the
/// method blind to the units of rows and variables.
final class DualGram {
  let n: Int
  private(set) var structure: RowStructure
  /// Leading dimension of R (n rounded up to 8) and of H (rows rounded up to 8).
  let ldr: Int
  let ldh: Int
  private(set) var rows = 0

  private let gramStorage: AlignedBuffer
  /// R, upper triangular, `[n, ldr]`; in storage of the caller's, who may keep it.
  var R: UnsafeMutablePointer<Double>
  /// 1 / R[k,k].
  var inverseDiagonal: UnsafeMutablePointer<Double> { R + paddedVariables * ldr }
  /// H, `[rows, ldh]`.
  var H: UnsafeMutablePointer<Double> { gramStorage.pointer }
  /// The rows C, `[rows, n]`.
  let C: UnsafeMutablePointer<Double>
  /// S; 0 for a row that is zero.
  let rowScale: UnsafeMutablePointer<Double>
  private let whitened: UnsafeMutablePointer<Double>
  private let restStorage: AlignedBuffer
  private let paddedVariables: Int

  /// The doubles that R and its inverse diagonal take.
  static func rootCount(_ n: Int) -> Int {
    let ldr = (n + 7) / 8 * 8
    return ((n + 3) / 4 * 4 + 1) * ldr
  }

  init(_ batch: QuadraticProgramBatch, root: UnsafeMutablePointer<Double>) {
    n = batch.variables
    let rows = batch.inequalities + batch.equalities
    structure = RowStructure(
      variables: n, inequalities: batch.inequalities, equalities: batch.equalities)
    R = root
    ldr = (n + 7) / 8 * 8
    ldh = (rows + 7) / 8 * 8
    paddedVariables = (n + 3) / 4 * 4
    gramStorage = AlignedBuffer(repeating: 0, count: (rows + 3) / 4 * 4 * ldh)
    restStorage = AlignedBuffer(repeating: 0, count: ldh + rows * n + paddedVariables * ldh)
    rowScale = restStorage.pointer
    C = rowScale + ldh
    whitened = C + rows * n
  }

  deinit { structure.deallocate() }

  /// Factors Q into R and says what it is. Positive definite means safely so: no pivot below 1e-9 of
  /// its diagonal element, so that x loses no more than half of its digits.
  func factorQuadraticTerm(_ problem: ProblemView) -> QuadraticTerm {
    if problem.choleskyFactor(R, ldr, inverseDiagonal, shift: 0) {
      let isSafe = (0..<n).allSatisfy {
        R[$0 * ldr + $0] * R[$0 * ldr + $0] >= 1e-9 * problem.Q[$0 * n + $0]
      }
      return isSafe ? .positiveDefinite : .semidefinite
    }
    return problem.classifyWithoutFactor()
  }

  /// Finds the two-sided rows and computes H and S, for the Q factored last.
  func prepareConstraints(_ problem: ProblemView) {
    structure.identifyPairs(G: problem.G, n: n)
    rows = structure.count
    for i in 0..<rows {
      let source = i < problem.e ? problem.A + i * n : problem.G + structure.upper[i] * n
      (C + i * n).update(from: source, count: n)
    }
    ck_transpose(rows, n, C, whitened, ldh)
    for j in 0..<n {
      for i in rows..<ldh { whitened[j * ldh + i] = 0 }
    }
    ck_solve_transposed_many(n, rows, R, ldr, inverseDiagonal, whitened, ldh)
    ck_gram(n, rows, whitened, ldh, H, ldh)
    for i in 0..<rows {
      let square = H[i * ldh + i]
      rowScale[i] = square > 0 ? 1 / square.squareRoot() : 0
    }
    for i in 0..<rows {
      let row = H + i * ldh
      let scale = rowScale[i]
      for j in 0..<rows { row[j] *= scale * rowScale[j] }
      row[i] = 1
    }
  }

  /// x := -Q⁻¹ x.
  func solveNegated(_ x: UnsafeMutablePointer<Double>) {
    for j in 0..<n { x[j] = -x[j] }
    ck_solve_transposed(n, R, ldr, inverseDiagonal, x)
    ck_solve(n, R, ldr, inverseDiagonal, x)
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
