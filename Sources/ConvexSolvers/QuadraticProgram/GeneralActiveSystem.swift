import CKernels
import LinearAlgebra

/// The symmetric system `K [x; u] = [Q Cᵀ; C 0] [x; u] = [a; b]` of a set C of active rows for any
/// positive semidefinite Q and any rows, dependent ones included: the slow path of derivatives, and
/// the polish of interior-point solutions.
///
/// The null space of K is that of `[Q; C]` (free directions of x) times that of Cᵀ (dependent rows),
/// both found by rank-revealing QR factorizations of scaled rows and columns. Adding the projectors onto them makes K
/// regular without changing it on the complement, so that the solution of least norm, or least
/// squares where the system is inconsistent, comes from one factorization. O((n + k)³).
struct GeneralActiveSystem {
  private let n: Int
  /// Canonical rows: equalities, then inequalities.
  let rows: [Int]
  /// Orthonormal bases, `[n, freeDirections]` and `[rows.count, rankDeficiency]`.
  private let freeBasis: Matrix
  private let dependencyBasis: Matrix
  private let K: Matrix
  private let factor: LDLT

  var freeDirections: Int { freeBasis.columns }
  var rankDeficiency: Int { dependencyBasis.columns }

  /// Directions and rows count as dependent below this size, relative to rows of length one.
  static let rankTolerance = 1e-9

  /// The most unknowns of a system: its dense factorization takes seconds.
  static let mostUnknowns = 4000

  /// Nil if the system is too large or the factorization broke down.
  init?(_ problem: ProblemView, rows: [Int]) {
    n = problem.n
    self.rows = rows
    let n = problem.n
    let k = rows.count
    guard n + k <= Self.mostUnknowns else { return nil }
    var K = Matrix(rows: n + k, columns: n + k)
    for i in 0..<n where !problem.isLinear {
      for j in 0..<n { K[i, j] = problem.Q[i * n + j] }
    }
    for (a, row) in rows.enumerated() {
      let source = problem.row(row)
      for j in 0..<n {
        K[n + a, j] = source[j]
        K[j, n + a] = source[j]
      }
    }
    // Ranks are judged in variables of comparable size and on rows of length one.
    let columnScale = Self.columnScales(K, variables: n)
    var rowNorms = [Double](repeating: 1, count: n + k)
    var scaled = Matrix(rows: n + k, columns: n)
    for i in 0..<n + k {
      let own = i < n ? columnScale[i] : 1
      var square = 0.0
      for j in 0..<n {
        scaled[i, j] = own * K[i, j] * columnScale[j]
        square += scaled[i, j] * scaled[i, j]
      }
      // Rows of Q keep their size relative to each other: a tiny one is flat.
      guard i >= n, square > 0 else { continue }
      rowNorms[i] = square.squareRoot()
      for j in 0..<n { scaled[i, j] /= rowNorms[i] }
    }
    guard var free = Self.nullSpace(of: scaled) else { return nil }
    for j in 0..<n {
      for d in 0..<free.columns { free[j, d] *= columnScale[j] }
    }
    guard let freeBasis = Self.range(of: free) else { return nil }
    self.freeBasis = freeBasis
    let activeRows = Matrix(rows: k, columns: n, elements: Array(scaled.array[(n * n)...]))
    guard var dependencies = Self.nullSpace(of: activeRows.transpose) else { return nil }
    for a in 0..<k {
      for d in 0..<dependencies.columns { dependencies[a, d] /= rowNorms[n + a] }
    }
    guard let dependencyBasis = Self.range(of: dependencies) else { return nil }
    self.dependencyBasis = dependencyBasis
    self.K = K
    let size = max(ck_largest((n + k) * (n + k), K.storage.pointer), 1e-300)
    Self.addProjector(of: freeBasis, scale: size, at: 0, to: &K)
    Self.addProjector(of: dependencyBasis, scale: -size, at: n, to: &K)
    guard let factor = try? LDLT(K) else { return nil }
    self.factor = factor
  }

  /// Factors that bring the diagonal of Q to one, or the largest entry of a column where that is zero.
  private static func columnScales(_ K: Matrix, variables n: Int) -> [Double] {
    (0..<n).map { j in
      if K[j, j] > 0 { return 1 / K[j, j].squareRoot() }
      var largest = 0.0
      for i in 0..<K.rows { largest = max(largest, abs(K[i, j])) }
      return largest > 0 ? 1 / largest : 1
    }
  }

  /// An orthonormal basis of the vectors that a matrix with rows of comparable size maps to zero.
  static func nullSpace(of matrix: Matrix) -> Matrix? {
    try? QR(matrix, relativeTolerance: rankTolerance).nullSpaceBasis
  }

  /// An orthonormal basis of the span of independent columns.
  private static func range(of columns: Matrix) -> Matrix? {
    try? QR(columns, relativeTolerance: 1e-14).rangeBasis
  }

  private static func addProjector(
    of basis: Matrix, scale: Double, at offset: Int, to K: inout Matrix
  ) {
    let size = K.columns
    K.withUnsafeMutableBufferPointer { elements in
      guard let base = elements.baseAddress else { return }
      BLAS.gemm(
        .none, .transposed, m: basis.rows, n: basis.rows, k: basis.columns, alpha: scale,
        A: basis.storage.pointer,
        lda: basis.columns, B: basis.storage.pointer, ldb: basis.columns, beta: 1,
        C: base + offset * (size + 1), ldc: size)
    }
  }

  /// The least-norm solution, `[n + rows.count]`; the residual of K relative to the right-hand side, after
  /// its component outside the range of K has been removed; and the size of the correction that
  /// another step of refinement would make, relative to the solution: an estimate of its error.
  func solve(_ rightHandSide: Vector) -> (solution: Vector, residual: Double, error: Double) {
    let target = projected(rightHandSide)
    let size = target.infinityNorm
    guard size > 0 else { return (target, 0, 0) }
    var solution = projected(factor.solve(target))
    var residual = remainder(solution, target)
    var correction = projected(factor.solve(residual))
    for _ in 0..<3 where residual.infinityNorm > 1e-15 * size {
      let improved = solution + correction
      let next = remainder(improved, target)
      guard next.infinityNorm < 0.5 * residual.infinityNorm else { break }
      (solution, residual) = (improved, next)
      correction = projected(factor.solve(residual))
    }
    let error = correction.infinityNorm / max(solution.infinityNorm, 1e-300)
    return (solution, residual.infinityNorm / size, error)
  }

  private func remainder(_ solution: Vector, _ target: Vector) -> Vector {
    let count = target.count
    var result = Vector.zeros(count)
    result.withUnsafeMutableBufferPointer { values in
      guard let base = values.baseAddress else { return }
      ck_multiply(count, count, K.storage.pointer, count, solution.storage.pointer, base)
      for i in 0..<count { base[i] = target[i] - base[i] }
    }
    return projected(result)
  }

  /// The component orthogonal to the null space of K.
  private func projected(_ vector: Vector) -> Vector {
    var result = vector
    Self.remove(freeBasis, at: 0, from: &result)
    Self.remove(dependencyBasis, at: n, from: &result)
    return result
  }

  private static func remove(_ basis: Matrix, at offset: Int, from vector: inout Vector) {
    for d in 0..<basis.columns {
      var product = 0.0
      for i in 0..<basis.rows { product += basis[i, d] * vector[offset + i] }
      for i in 0..<basis.rows { vector[offset + i] -= product * basis[i, d] }
    }
  }
}

extension ProblemView {
  /// A canonical row: equalities, then inequalities.
  func row(_ index: Int) -> UnsafePointer<Double> {
    index < e ? A + index * n : G + (index - e) * n
  }
}
