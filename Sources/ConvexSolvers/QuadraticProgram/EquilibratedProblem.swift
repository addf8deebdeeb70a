import CKernels
import LinearAlgebra

/// One item as the interior-point method sees it: two-sided rows, absent bounds left out, and every
/// row and column of `[Q Cᵀ Aᵀ; C 0 0; A 0 0]` scaled to about one (Ruiz 2001).
///
/// The inequalities are `sign[j] * C[row[j]] x + s[j] = bound[j]`, s ≥ 0.
final class EquilibratedProblem {
  let n: Int
  let e: Int
  private let m: Int
  private var structure: RowStructure
  private let buffer: AlignedBuffer
  private let indices: UnsafeMutablePointer<Int>

  /// Scaled data: Q `[n, n]`, p `[n]`, C `[rows, n]`, A `[e, n]`, b `[e]`.
  let Q: UnsafeMutablePointer<Double>
  let p: UnsafeMutablePointer<Double>
  let C: UnsafeMutablePointer<Double>
  let A: UnsafeMutablePointer<Double>
  let b: UnsafeMutablePointer<Double>
  /// Inequality j: bound, sign, row of C, and the canonical inequality it stands for.
  let bound: UnsafeMutablePointer<Double>
  let sign: UnsafeMutablePointer<Double>
  let row: UnsafeMutablePointer<Int>
  let canonical: UnsafeMutablePointer<Int>
  /// For a row of C with one nonzero its column, otherwise -1.
  let singleColumn: UnsafeMutablePointer<Int>
  /// x = columnScale x̂; a multiplier is rowScale (or equalityScale) times the scaled one over costScale.
  let columnScale: UnsafeMutablePointer<Double>
  let rowScale: UnsafeMutablePointer<Double>
  let equalityScale: UnsafeMutablePointer<Double>
  private let factors: UnsafeMutablePointer<Double>
  private(set) var costScale = 1.0
  private(set) var rows = 0
  private(set) var inequalities = 0
  private(set) var isLinear = false

  init(variables n: Int, inequalities m: Int, equalities e: Int) {
    self.n = n
    self.m = m
    self.e = e
    structure = RowStructure(variables: n, inequalities: m)
    buffer = AlignedBuffer(
      repeating: 0, count: n * n + 3 * n + m * n + e * n + 2 * e + 3 * m)
    Q = buffer.pointer
    p = Q + n * n
    C = p + n
    A = C + m * n
    b = A + e * n
    bound = b + e
    sign = bound + m
    rowScale = sign + m
    equalityScale = rowScale + m
    columnScale = equalityScale + e
    factors = columnScale + n
    indices = .allocate(capacity: 3 * m + 1)
    row = indices
    canonical = row + m
    singleColumn = canonical + m
  }

  deinit {
    structure.deallocate()
    indices.deallocate()
  }

  /// Takes the data of an item and scales them.
  func load(_ problem: ProblemView) {
    isLinear = problem.isLinear
    if isLinear {
      Q.update(repeating: 0, count: n * n)
    } else {
      Q.update(from: problem.Q, count: n * n)
    }
    p.update(from: problem.p, count: n)
    A.update(from: problem.A, count: e * n)
    b.update(from: problem.b, count: e)
    structure.identifyPairs(G: problem.G, n: n)
    rows = 0
    inequalities = 0
    for i in 0..<structure.count {
      let up = structure.upper[i]
      let low = structure.lower[i]
      let hasUpper = problem.isBounded(up)
      let hasLower = low >= 0 && problem.isBounded(low)
      guard hasUpper || hasLower else { continue }
      (C + rows * n).update(from: problem.G + up * n, count: n)
      if hasUpper { appendInequality(bound: problem.h[up], sign: 1, canonical: up) }
      if hasLower { appendInequality(bound: problem.h[low], sign: -1, canonical: low) }
      rows += 1
    }
    equilibrate()
    for j in 0..<inequalities { bound[j] *= rowScale[row[j]] }
    for i in 0..<rows {
      var column = -1
      for j in 0..<n where C[i * n + j] != 0 {
        column = column == -1 ? j : -2
        if column == -2 { break }
      }
      singleColumn[i] = column >= 0 ? column : -1
    }
  }

  /// A proof of infeasibility that can be read off the rows: a row of zeros with a bound that zero
  /// violates, or two bounds of a row that contradict each other.
  func contradiction(_ problem: ProblemView) -> QuadraticProgramRay? {
    func isZero(_ row: UnsafePointer<Double>) -> Bool { ck_largest(n, row) == 0 }
    var lambda = Vector.zeros(m)
    var nu = Vector.zeros(e)
    for i in 0..<e where abs(problem.b[i]) > 1e-9 && isZero(problem.A + i * n) {
      nu[i] = -1 / problem.b[i]
      return .primalInfeasible(lambda: lambda, nu: nu)
    }
    for j in 0..<m where problem.h[j] < -1e-9 && isZero(problem.G + j * n) {
      lambda[j] = -1 / problem.h[j]
      return .primalInfeasible(lambda: lambda, nu: nu)
    }
    for i in 0..<structure.count {
      let (up, low) = (structure.upper[i], structure.lower[i])
      guard low >= 0, problem.isBounded(up), problem.isBounded(low) else { continue }
      let overlap = problem.h[up] + problem.h[low]
      if overlap < -1e-9 * (1 + max(abs(problem.h[up]), abs(problem.h[low]))) {
        lambda[up] = -1 / overlap
        lambda[low] = -1 / overlap
        return .primalInfeasible(lambda: lambda, nu: nu)
      }
    }
    return nil
  }

  private func appendInequality(bound value: Double, sign direction: Double, canonical index: Int) {
    bound[inequalities] = value
    sign[inequalities] = direction
    row[inequalities] = rows
    canonical[inequalities] = index
    inequalities += 1
  }

  // MARK: - Scaling

  private func equilibrate() {
    columnScale.update(repeating: 1, count: n)
    rowScale.update(repeating: 1, count: m)
    equalityScale.update(repeating: 1, count: e)
    for _ in 0..<10 {
      for j in 0..<n { factors[j] = ck_largest(n, Q + j * n) }
      gatherColumnMaxima(C, rows)
      gatherColumnMaxima(A, e)
      for j in 0..<n { factors[j] = Self.scale(factors[j]) }
      for i in 0..<n {
        for j in 0..<n { Q[i * n + j] *= factors[i] * factors[j] }
        p[i] *= factors[i]
        columnScale[i] *= factors[i]
      }
      scaleRows(C, rows, rowScale)
      scaleRows(A, e, equalityScale)
    }
    for i in 0..<e { b[i] *= equalityScale[i] }
    var mean = 0.0
    for j in 0..<n { mean += ck_largest(n, Q + j * n) / Double(n) }
    let size = max(mean, ck_largest(n, p))
    costScale = size > 0 ? 1 / min(max(size, 1e-8), 1e8) : 1
    for j in 0..<n * n { Q[j] *= costScale }
    for j in 0..<n { p[j] *= costScale }
  }

  private static func scale(_ size: Double) -> Double {
    size > 0 ? 1 / min(max(size, 1e-8), 1e8).squareRoot() : 1
  }

  private func gatherColumnMaxima(_ matrix: UnsafeMutablePointer<Double>, _ count: Int) {
    for i in 0..<count {
      for j in 0..<n { factors[j] = max(factors[j], abs(matrix[i * n + j])) }
    }
  }

  private func scaleRows(
    _ matrix: UnsafeMutablePointer<Double>, _ count: Int, _ scales: UnsafeMutablePointer<Double>
  ) {
    for i in 0..<count {
      let factor = Self.scale(ck_largest(n, matrix + i * n))
      scales[i] *= factor
      for j in 0..<n { matrix[i * n + j] *= factor * factors[j] }
    }
  }
}
