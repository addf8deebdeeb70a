import LinearAlgebra

/// The Nesterov-Todd scaling of a semidefinite cone (Todd, Toh and Tütüncü 1998): H(X) = GXG with
/// GZG = S, G = RRᵀ, R⁻¹SR⁻ᵀ = RᵀZR = diag(λ).
///
/// Vectors hold the lower triangle column by column, off-diagonals times √2; matrices are row-major.
final class SemidefiniteScaling: ConeScaling {
  let order: Int
  let count: Int
  let isEliminated: Bool
  private let buffer: AlignedBuffer
  private let integers: UnsafeMutablePointer<LAPACK.Pivot>
  private let R: Numbers
  private let inverseR: Numbers
  /// G, for H.
  let G: Numbers
  /// G⁻¹, for H⁻¹.
  let inverseG: Numbers
  private let lambda: Numbers
  private let first: Numbers
  private let second: Numbers
  private let third: Numbers
  private let work: Numbers

  init(order: Int, isEliminated: Bool) {
    self.order = order
    self.isEliminated = isEliminated
    count = order * (order + 1) / 2
    let square = order * order
    let workCount = max(LAPACK.gesddWorkspace(n: order), 1 + 6 * order + 2 * square)
    buffer = AlignedBuffer(uninitializedCount: 7 * square + order + workCount, isAligned: true)
    integers = .allocate(capacity: 8 * order + 3)
    R = buffer.pointer
    inverseR = R + square
    G = inverseR + square
    inverseG = G + square
    first = inverseG + square
    second = first + square
    third = second + square
    lambda = third + square
    work = lambda + order
    setIdentity()
  }

  deinit { integers.deallocate() }

  var degree: Int { order }
  var isSymmetric: Bool { true }
  var form: ConeBlockForm { isEliminated ? .eliminated : .dense }

  func setUnit(_ s: Numbers) {
    s.update(repeating: 0, count: count)
    shift(s, by: 1)
  }

  func shift(_ v: Numbers, by amount: Double) {
    var place = 0
    for j in 0..<order {
      v[place] += amount
      place += order - j
    }
  }

  func margin(_ v: Numbers) -> Double {
    unpack(v, first)
    guard
      LAPACK.syevd(
        vectors: false, n: order, A: first, values: second, work: work, integers: integers)
    else {
      return -.infinity
    }
    return second[0]
  }

  func setIdentity() {
    for matrix in [R, inverseR, G, inverseG] {
      matrix.update(repeating: 0, count: order * order)
      for i in 0..<order { matrix[i * order + i] = 1 }
    }
    lambda.update(repeating: 1, count: order)
  }

  /// The symmetric matrix of a vector.
  func unpack(_ v: Numbers, _ matrix: Numbers) {
    let half = 0.5.squareRoot()
    var place = 0
    for j in 0..<order {
      matrix[j * order + j] = v[place]
      place += 1
      for i in j + 1..<max(order, j + 1) {
        let value = v[place] * half
        matrix[i * order + j] = value
        matrix[j * order + i] = value
        place += 1
      }
    }
  }

  /// The vector of a matrix, of its symmetric part.
  func pack(_ matrix: Numbers, _ v: Numbers) {
    let half = 0.5.squareRoot()
    var place = 0
    for j in 0..<order {
      v[place] = matrix[j * order + j]
      place += 1
      for i in j + 1..<max(order, j + 1) {
        v[place] = (matrix[i * order + j] + matrix[j * order + i]) * half
        place += 1
      }
    }
  }

  /// The lower Cholesky factor with zeros above; false if the matrix is not positive definite.
  private func cholesky(_ v: Numbers, _ L: Numbers) -> Bool {
    unpack(v, L)
    if LAPACK.potrf(n: order, A: L) != nil { return false }
    for i in 0..<order {
      for j in i + 1..<max(order, i + 1) { L[i * order + j] = 0 }
    }
    return true
  }

  private func product(
    _ a: Numbers, _ transposeA: BLAS.Transpose = .none, by b: Numbers,
    _ transposeB: BLAS.Transpose = .none, into c: Numbers
  ) {
    BLAS.gemm(transposeA, transposeB, m: order, n: order, k: order, A: a, B: b, C: c)
  }

  func update(s: Numbers, z: Numbers, barrier: Double, dualOnly: Bool) -> Bool {
    guard cholesky(s, first), cholesky(z, second) else { return false }
    // L₂ᵀL₁ = UΣVᵀ, R = L₁VΣ^(-1/2), R⁻¹ = Σ^(-1/2)UᵀL₂ᵀ.
    product(second, .transposed, by: first, into: third)
    guard
      LAPACK.gesdd(
        n: order, A: third, values: lambda, U: G, VT: inverseG, work: work, integers: integers)
    else { return false }
    product(first, by: inverseG, .transposed, into: R)
    product(G, .transposed, by: second, .transposed, into: inverseR)
    for i in 0..<order {
      let scale = 1 / lambda[i].squareRoot()
      if !scale.isFinite { return false }
      for j in 0..<order {
        R[j * order + i] *= scale
        inverseR[i * order + j] *= scale
      }
    }
    symmetricProduct(R, .none, into: G)
    symmetricProduct(inverseR, .transposed, into: inverseG)
    return true
  }

  /// c = AAᵀ or AᵀA, both triangles.
  private func symmetricProduct(_ a: Numbers, _ transpose: BLAS.Transpose, into c: Numbers) {
    BLAS.syrk(transpose, n: order, k: order, A: a, C: c)
    for i in 0..<order {
      for j in 0..<i { c[j * order + i] = c[i * order + j] }
    }
  }

  /// out = M X Mᵀ for symmetric M.
  private func conjugate(_ M: Numbers, _ v: Numbers, into out: Numbers) {
    unpack(v, first)
    product(M, by: first, into: second)
    product(second, by: M, into: first)
    pack(first, out)
  }

  func multiply(_ v: Numbers, into out: Numbers) { conjugate(G, v, into: out) }

  /// out = H⁻¹v.
  func divide(_ v: Numbers, into out: Numbers) { conjugate(inverseG, v, into: out) }

  /// R⁻¹ΔSR⁻ᵀ.
  private func scalePrimal(_ ds: Numbers, into matrix: Numbers) {
    unpack(ds, matrix)
    product(inverseR, by: matrix, into: third)
    product(third, by: inverseR, .transposed, into: matrix)
  }

  /// RᵀΔZR.
  private func scaleDual(_ dz: Numbers, into matrix: Numbers) {
    unpack(dz, matrix)
    product(R, .transposed, by: matrix, into: third)
    product(third, by: R, into: matrix)
  }

  func correctedSlack(s: Numbers, ds: Numbers, dz: Numbers, barrier: Double, into out: Numbers) {
    scalePrimal(ds, into: first)
    scaleDual(dz, into: second)
    product(first, by: second, into: third)
    // λ \ (symmetric part of the product - σμ I)
    for i in 0..<order {
      for j in 0...i {
        var value = (third[i * order + j] + third[j * order + i]) / 2
        if i == j { value -= barrier }
        value *= 2 / (lambda[i] + lambda[j])
        first[i * order + j] = value
        first[j * order + i] = value
      }
    }
    product(R, by: first, into: second)
    product(second, by: R, .transposed, into: first)
    pack(first, out)
    for i in 0..<count { out[i] += s[i] }
  }

  func maximumStep(s: Numbers, z: Numbers, ds: Numbers, dz: Numbers, limit: Double) -> Double {
    scalePrimal(ds, into: first)
    var step = min(limit, stepToBoundary(first))
    scaleDual(dz, into: first)
    step = min(step, stepToBoundary(first))
    if order <= exactOrder { return step }
    // The Lanczos method may miss an eigenvalue: what the solver will take must be inside.
    while step > 1e-10 {
      if barrier(s: s, z: z, ds: ds, dz: dz, step: 0.995 * step) < .infinity { return step }
      step *= 0.9
    }
    return 0
  }

  /// Up to this order eigenvalues are computed, beyond it they are bounded.
  private let exactOrder = 60

  /// The largest a with diag(λ) + a M positive semidefinite; M is destroyed.
  private func stepToBoundary(_ M: Numbers) -> Double {
    for i in 0..<order {
      for j in 0..<order { M[i * order + j] /= (lambda[i] * lambda[j]).squareRoot() }
    }
    let least: Double
    if order <= exactOrder {
      guard
        LAPACK.syevd(
          vectors: false, n: order, A: M, values: second, work: work, integers: integers)
      else {
        return 0
      }
      least = second[0]
    } else {
      least = leastEigenvalueBound(of: M, order: order, basis: second, work: work)
    }
    return least < 0 ? -1 / least : .infinity
  }

  func barrier(s: Numbers, z: Numbers, ds: Numbers, dz: Numbers, step: Double) -> Double {
    var sum = 0.0
    for (v, d) in [(s, ds), (z, dz)] {
      for i in 0..<count { third[i] = v[i] + step * d[i] }
      guard cholesky(third, first) else { return .infinity }
      for i in 0..<order { sum -= 2 * logarithm(first[i * order + i]) }
    }
    return sum
  }

  func writeResidualWeights(_ out: Numbers) { out.update(repeating: 1, count: count) }

  func writeBlock(_ out: Numbers) {
    if isEliminated { return }
    let root = 2.0.squareRoot()
    var place = 0
    for q in 0..<order {
      for p in q..<order {
        // The column of the basis matrix with entry (p, q), rows up to its own.
        let column = (p == q) ? 0.5 : 1 / root
        rows: for j in 0...q {
          for i in j..<order {
            let value =
              (G[i * order + p] * G[q * order + j] + G[i * order + q] * G[p * order + j]) * column
            out[place] = -(i == j ? value : value * root)
            place += 1
            if j == q && i == p { break rows }
          }
        }
      }
    }
  }
}

/// A lower bound of the least eigenvalue of a symmetric matrix, close to it: the least Ritz value of the
/// Lanczos method with full orthogonalization, minus its residual.
private func leastEigenvalueBound(
  of M: Numbers, order n: Int, basis: Numbers, work: Numbers
) -> Double {
  let steps = min(n, 50)
  let next = work
  let product = work + n
  var diagonal: [Double] = []
  var offDiagonal: [Double] = []
  // Deterministic, and with a part in every direction that matters.
  var norm = 0.0
  for i in 0..<n {
    basis[i] = 1 + 0.37 * Double((i * 7919) % 101) / 101
    norm += basis[i] * basis[i]
  }
  for i in 0..<n { basis[i] /= norm.squareRoot() }
  var least = 0.0
  for step in 0..<steps {
    let v = basis + step * n
    BLAS.gemv(rows: n, columns: n, A: M, x: v, y: next)
    for _ in 0..<2 {
      BLAS.gemv(rows: step + 1, columns: n, A: basis, x: next, y: product)
      if diagonal.count == step { diagonal.append(product[step]) }
      BLAS.gemv(
        .transposed, rows: step + 1, columns: n, alpha: -1, A: basis, x: product, beta: 1, y: next)
    }
    var beta = 0.0
    for i in 0..<n { beta += next[i] * next[i] }
    beta = beta.squareRoot()
    let isLast = step == steps - 1 || beta < 1e-14
    if step % 5 == 4 || isLast {
      let (value, lastComponent) = leastTridiagonalEigenpair(diagonal, offDiagonal)
      let residual = beta * lastComponent.magnitude
      least = value - residual
      if isLast || residual < 0.02 * value.magnitude || (least > -1e-3 && step > 20) { break }
    }
    offDiagonal.append(beta)
    let target = basis + (step + 1) * n
    for i in 0..<n { target[i] = next[i] / beta }
  }
  return least
}

/// The least eigenvalue of a symmetric tridiagonal matrix and the last component of its unit eigenvector.
private func leastTridiagonalEigenpair(
  _ diagonal: [Double], _ offDiagonal: [Double]
) -> (value: Double, lastComponent: Double) {
  let n = diagonal.count
  var matrix = Matrix(rows: n, columns: n)
  for i in 0..<n {
    matrix[i, i] = diagonal[i]
    if i + 1 < n {
      matrix[i, i + 1] = offDiagonal[i]
      matrix[i + 1, i] = offDiagonal[i]
    }
  }
  guard let eigen = try? SymmetricEigen(matrix) else { return (-.infinity, 1) }
  return (eigen.values[0], eigen.vectors[n - 1, 0])
}
