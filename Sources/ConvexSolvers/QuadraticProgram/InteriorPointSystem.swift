import CKernels
import LinearAlgebra

/// The Newton system of the interior point,
///
///     [Q  Cᵀ  Aᵀ] [x]   [a]
///     [C -W²  0 ] [z] = [c]
///     [A  0   0 ] [y]   [d]
///
/// with W² diagonal, solved through a regularized elimination of z and refined on this unregularized
/// matrix. The eliminated matrix `Q + εI + CᵀW⁻²C + ρAᵀA` is definite whatever Q is: ε is a proximal
/// term, and ρAᵀA, which changes nothing on Ax = d, makes up for a Q that is flat along the equalities.
final class InteriorPointSystem {
  private let problem: EquilibratedProblem
  private let n: Int
  private let e: Int
  private let ldn: Int
  private let lde: Int
  private let lda: Int
  private let buffer: AlignedBuffer
  private let stack: UnsafeMutablePointer<Double>
  private let H: UnsafeMutablePointer<Double>
  private let inverseDiagonalH: UnsafeMutablePointer<Double>
  private let whitened: UnsafeMutablePointer<Double>
  private let S: UnsafeMutablePointer<Double>
  private let inverseDiagonalS: UnsafeMutablePointer<Double>
  private let weight: UnsafeMutablePointer<Double>
  private let rowWeight: UnsafeMutablePointer<Double>
  private let rowWork: UnsafeMutablePointer<Double>
  private let residual: Step
  private let correction: Step

  /// A direction or right-hand side: parts of sizes n, inequalities, e.
  struct Step {
    let x: UnsafeMutablePointer<Double>
    let z: UnsafeMutablePointer<Double>
    let y: UnsafeMutablePointer<Double>

    init(_ base: UnsafeMutablePointer<Double>, n: Int, m: Int) {
      x = base
      z = base + n
      y = base + n + m
    }
  }

  init(_ problem: EquilibratedProblem, inequalities m: Int) {
    self.problem = problem
    n = problem.n
    e = problem.e
    ldn = (n + 7) / 8 * 8
    lde = (e + 7) / 8 * 8
    lda = ldn
    let rowsN = (n + 3) / 4 * 4
    let rowsE = (e + 3) / 4 * 4
    let total = n + m + e
    let stackCount = (m + e) * ldn
    let rest = rowsN * ldn + ldn + rowsN * lde + rowsE * lde + lde + 3 * m + 2 * total
    buffer = AlignedBuffer(repeating: 0, count: stackCount + rest)
    stack = buffer.pointer
    H = stack + stackCount
    inverseDiagonalH = H + rowsN * ldn
    whitened = inverseDiagonalH + ldn
    S = whitened + rowsN * lde
    inverseDiagonalS = S + rowsE * lde
    weight = inverseDiagonalS + lde
    rowWeight = weight + m
    rowWork = rowWeight + m
    residual = Step(rowWork + m, n: n, m: m)
    correction = Step(rowWork + m + total, n: n, m: m)
  }

  /// Factors for the given squares W². False if that failed even with strong regularization.
  func factor(squares: UnsafePointer<Double>) -> Bool {
    rowWeight.update(repeating: 0, count: problem.rows)
    for j in 0..<problem.inequalities {
      weight[j] = 1 / squares[j]
      rowWeight[problem.row[j]] += weight[j]
    }
    var proximal = 1e-9
    while proximal < 1 {
      if factorEliminated(proximal: proximal) && factorSchur() { return true }
      proximal *= 100
    }
    return false
  }

  private func factorEliminated(proximal: Double) -> Bool {
    var depth = 0
    for i in 0..<problem.rows where problem.singleColumn[i] < 0 {
      appendToStack(problem.C + i * n, scale: rowWeight[i].squareRoot(), &depth)
    }
    for i in 0..<e { appendToStack(problem.A + i * n, scale: 1, &depth) }
    ck_gram(depth, n, stack, ldn, H, ldn)
    for i in 0..<n {
      let row = H + i * ldn
      for j in n..<ldn { row[j] = 0 }
      for j in i..<n { row[j] += problem.Q[i * n + j] }
      row[i] += proximal
    }
    for i in 0..<problem.rows where problem.singleColumn[i] >= 0 {
      let column = problem.singleColumn[i]
      let value = problem.C[i * n + column]
      H[column * ldn + column] += rowWeight[i] * value * value
    }
    return ck_cholesky(n, H, ldn, inverseDiagonalH, 0) == n
  }

  private func appendToStack(_ source: UnsafePointer<Double>, scale: Double, _ depth: inout Int) {
    let target = stack + depth * ldn
    for j in 0..<n { target[j] = scale * source[j] }
    depth += 1
  }

  private func factorSchur() -> Bool {
    guard e > 0 else { return true }
    ck_transpose(e, n, problem.A, whitened, lde)
    ck_solve_transposed_many(n, e, H, ldn, inverseDiagonalH, whitened, lde)
    ck_gram(n, e, whitened, lde, S, lde)
    var size = 0.0
    for i in 0..<e { size = max(size, S[i * lde + i]) }
    for i in 0..<e {
      S[i * lde + i] += 1e-12 * size + 1e-14
      for j in e..<lde { S[i * lde + j] = 0 }
    }
    return ck_cholesky(e, S, lde, inverseDiagonalS, 0) == e
  }

  /// Solves for `step`, which holds the right-hand side on entry.
  func solve(_ step: Step, rightHandSide rhs: Step, squares: UnsafePointer<Double>) {
    let m = problem.inequalities
    rhs.x.update(from: step.x, count: n)
    rhs.z.update(from: step.z, count: m)
    rhs.y.update(from: step.y, count: e)
    eliminate(step)
    var last = Double.infinity
    for _ in 0..<4 {
      let size = computeResidual(step, rhs, squares)
      let scale = max(ck_largest(n, rhs.x), ck_largest(m, rhs.z), ck_largest(e, rhs.y))
      guard size > 1e-15 * (1e-300 + scale), size < 0.5 * last else { break }
      last = size
      correction.x.update(from: residual.x, count: n)
      correction.z.update(from: residual.z, count: m)
      correction.y.update(from: residual.y, count: e)
      eliminate(correction)
      ck_add_scaled(n, 1, correction.x, step.x)
      ck_add_scaled(m, 1, correction.z, step.z)
      ck_add_scaled(e, 1, correction.y, step.y)
    }
  }

  /// residual := rhs - K step; returns its largest element.
  private func computeResidual(_ step: Step, _ rhs: Step, _ squares: UnsafePointer<Double>)
    -> Double
  {
    multiplyQ(step.x, residual.x)
    for j in 0..<n { residual.x[j] = rhs.x[j] - residual.x[j] }
    addConstraintsTransposed(z: step.z, y: step.y, scale: -1, to: residual.x)
    multiplyC(step.x, residual.z)
    for j in 0..<problem.inequalities {
      residual.z[j] = rhs.z[j] - residual.z[j] + squares[j] * step.z[j]
    }
    ck_multiply(e, n, problem.A, n, step.x, residual.y)
    for i in 0..<e { residual.y[i] = rhs.y[i] - residual.y[i] }
    return max(
      ck_largest(n, residual.x), ck_largest(problem.inequalities, residual.z),
      ck_largest(e, residual.y))
  }

  /// One regularized solve in place.
  private func eliminate(_ step: Step) {
    // x part: a + CᵀW⁻²c + Aᵀd
    rowWork.update(repeating: 0, count: problem.rows)
    for j in 0..<problem.inequalities {
      rowWork[problem.row[j]] += problem.sign[j] * weight[j] * step.z[j]
    }
    addRows(rowWork, to: step.x)
    for i in 0..<e { ck_add_scaled(n, step.y[i], problem.A + i * n, step.x) }
    ck_solve_transposed(n, H, ldn, inverseDiagonalH, step.x)
    if e > 0 {
      // With w = R⁻ᵀ(a + ...): (whitenedᵀ whitened) y = whitenedᵀ w - d.
      for i in 0..<e { step.y[i] = -step.y[i] }
      for k in 0..<n { ck_add_scaled(e, step.x[k], whitened + k * lde, step.y) }
      ck_solve_transposed(e, S, lde, inverseDiagonalS, step.y)
      ck_solve(e, S, lde, inverseDiagonalS, step.y)
      for k in 0..<n { step.x[k] -= ck_dot(e, whitened + k * lde, step.y) }
    }
    ck_solve(n, H, ldn, inverseDiagonalH, step.x)
    multiplyRows(step.x)
    for j in 0..<problem.inequalities {
      step.z[j] = weight[j] * (problem.sign[j] * rowWork[problem.row[j]] - step.z[j])
    }
  }

  // MARK: - Products with the scaled data

  func multiplyQ(_ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>) {
    if problem.isLinear {
      y.update(repeating: 0, count: n)
    } else {
      ck_multiply(n, n, problem.Q, n, x, y)
    }
  }

  /// y[j] := sign[j] C[row[j]] x.
  func multiplyC(_ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>) {
    multiplyRows(x)
    for j in 0..<problem.inequalities { y[j] = problem.sign[j] * rowWork[problem.row[j]] }
  }

  /// y := y + scale (Cᵀz + Aᵀy).
  func addConstraintsTransposed(
    z: UnsafePointer<Double>, y multipliers: UnsafePointer<Double>, scale: Double,
    to result: UnsafeMutablePointer<Double>
  ) {
    rowWork.update(repeating: 0, count: problem.rows)
    for j in 0..<problem.inequalities { rowWork[problem.row[j]] += scale * problem.sign[j] * z[j] }
    addRows(rowWork, to: result)
    for i in 0..<e { ck_add_scaled(n, scale * multipliers[i], problem.A + i * n, result) }
  }

  private func multiplyRows(_ x: UnsafePointer<Double>) {
    for i in 0..<problem.rows {
      let column = problem.singleColumn[i]
      rowWork[i] =
        column >= 0
        ? problem.C[i * n + column] * x[column] : ck_dot(n, problem.C + i * n, x)
    }
  }

  private func addRows(_ coefficients: UnsafePointer<Double>, to y: UnsafeMutablePointer<Double>) {
    for i in 0..<problem.rows where coefficients[i] != 0 {
      let column = problem.singleColumn[i]
      if column >= 0 {
        y[column] += coefficients[i] * problem.C[i * n + column]
      } else {
        ck_add_scaled(n, coefficients[i], problem.C + i * n, y)
      }
    }
  }
}
