import LinearAlgebra

/// The Nesterov-Todd scaling of a second-order cone (Nesterov and Todd 1997; Domahidi, Chu and Boyd 2013,
/// section IV for the sparse form): H = η² (2ww' - J) with w'Jw = 1, J = diag(1, -1, ..., -1).
final class SecondOrderScaling: ConeScaling {
  let count: Int
  private var eta = 1.0
  private let w: Numbers
  private let lambda: Numbers
  private let work: Numbers
  private let work2: Numbers

  init(count: Int) {
    self.count = count
    w = .allocate(capacity: 4 * count)
    w.initialize(repeating: 0, count: 4 * count)
    lambda = w + count
    work = w + 2 * count
    work2 = w + 3 * count
    w[0] = 1
  }

  deinit { w.deallocate() }

  var degree: Int { 1 }
  var isSymmetric: Bool { true }
  var form: ConeBlockForm { count > 4 ? .diagonalPlusRankTwo : .dense }

  func setUnit(_ s: Numbers) {
    s.update(repeating: 0, count: count)
    s[0] = 1
  }

  func margin(_ v: Numbers) -> Double { v[0] - tailNorm(v) }

  func shift(_ v: Numbers, by amount: Double) { v[0] += amount }

  func setIdentity() {
    eta = 1
    w.update(repeating: 0, count: count)
    w[0] = 1
  }

  private func tailNorm(_ v: Numbers) -> Double {
    var sum = 0.0
    for i in 1..<count { sum += v[i] * v[i] }
    return sum.squareRoot()
  }

  /// v'Jv without cancellation.
  private func residual(_ v: Numbers) -> Double {
    let norm = tailNorm(v)
    return (v[0] - norm) * (v[0] + norm)
  }

  func update(s: Numbers, z: Numbers, barrier: Double, dualOnly: Bool) -> Bool {
    let sResidual = residual(s)
    let zResidual = residual(z)
    guard s[0] > 0, z[0] > 0, sResidual > 0, zResidual > 0 else { return false }
    let sScale = sResidual.squareRoot()
    let zScale = zResidual.squareRoot()
    eta = (sScale / zScale).squareRoot()
    var product = 0.0
    for i in 0..<count { product += s[i] * z[i] }
    let gamma = ((1 + product / (sScale * zScale)) / 2).squareRoot()
    w[0] = (s[0] / sScale + z[0] / zScale) / (2 * gamma)
    var tail = 0.0
    for i in 1..<count {
      w[i] = (s[i] / sScale - z[i] / zScale) / (2 * gamma)
      tail += w[i] * w[i]
    }
    w[0] = (1 + tail).squareRoot()
    multiplyRoot(z, into: lambda)
    return true
  }

  /// out = Wv, W² = H.
  private func multiplyRoot(_ v: Numbers, into out: Numbers) {
    var product = 0.0
    for i in 1..<count { product += w[i] * v[i] }
    let factor = v[0] + product / (1 + w[0])
    let first = w[0] * v[0] + product
    for i in 1..<count { out[i] = eta * (v[i] + factor * w[i]) }
    out[0] = eta * first
  }

  /// out = W⁻¹v.
  private func divideRoot(_ v: Numbers, into out: Numbers) {
    var product = 0.0
    for i in 1..<count { product += w[i] * v[i] }
    let factor = -v[0] + product / (1 + w[0])
    let first = w[0] * v[0] - product
    for i in 1..<count { out[i] = (v[i] + factor * w[i]) / eta }
    out[0] = first / eta
  }

  func multiply(_ v: Numbers, into out: Numbers) {
    var product = 0.0
    for i in 0..<count { product += w[i] * v[i] }
    let square = eta * eta
    let first = square * (2 * product * w[0] - v[0])
    for i in 1..<count { out[i] = square * (2 * product * w[i] + v[i]) }
    out[0] = first
  }

  func correctedSlack(s: Numbers, ds: Numbers, dz: Numbers, barrier: Double, into out: Numbers) {
    // W (λ \ ((W⁻¹Δs) ∘ (WΔz) - σμ e)) + s
    divideRoot(ds, into: work)
    multiplyRoot(dz, into: work2)
    var inner = 0.0
    for i in 0..<count { inner += work[i] * work2[i] }
    let first = work[0]
    let second = work2[0]
    for i in 1..<count { work[i] = first * work2[i] + second * work[i] }
    work[0] = inner - barrier
    // Division: λ ∘ x = work.
    let determinant = residual(lambda)
    var product = 0.0
    for i in 1..<count { product += lambda[i] * work[i] }
    let top = (lambda[0] * work[0] - product) / determinant
    for i in 1..<count { work[i] = (work[i] - top * lambda[i]) / lambda[0] }
    work[0] = top
    multiplyRoot(work, into: out)
    for i in 0..<count { out[i] += s[i] }
  }

  func maximumStep(s: Numbers, z: Numbers, ds: Numbers, dz: Numbers, limit: Double) -> Double {
    min(step(s, ds, limit), step(z, dz, limit))
  }

  /// The first root of (v + a d)'J(v + a d), or `limit`.
  private func step(_ v: Numbers, _ d: Numbers, _ limit: Double) -> Double {
    let c = residual(v)
    var a = d[0] * d[0]
    var b = v[0] * d[0]
    for i in 1..<count {
      a -= d[i] * d[i]
      b -= v[i] * d[i]
    }
    var bound = limit
    if d[0] < 0 { bound = min(bound, -v[0] / d[0]) }
    let discriminant = b * b - a * c
    if c <= 0 { return 0 }
    if discriminant < 0 || (a >= 0 && b >= 0) { return bound }
    let q = b >= 0 ? -(b + discriminant.squareRoot()) : -b + discriminant.squareRoot()
    for root in [q / a, c / q] where root >= 0 && root.isFinite { bound = min(bound, root) }
    return bound
  }

  func barrier(s: Numbers, z: Numbers, ds: Numbers, dz: Numbers, step: Double) -> Double {
    for i in 0..<count {
      work[i] = s[i] + step * ds[i]
      work2[i] = z[i] + step * dz[i]
    }
    let sResidual = residual(work)
    let zResidual = residual(work2)
    guard work[0] > 0, work2[0] > 0, sResidual > 0, zResidual > 0 else { return .infinity }
    return -logarithm(sResidual * zResidual) / 2
  }

  func writeResidualWeights(_ out: Numbers) {
    out.update(repeating: 1 / (1 + eta * eta), count: count)
  }

  func writeBlock(_ out: Numbers) {
    let square = eta * eta
    guard form == .diagonalPlusRankTwo else {
      var place = 0
      for j in 0..<count {
        for i in 0...j {
          let unit = i == j ? (i == 0 ? -1.0 : 1.0) : 0
          out[place] = -square * (2 * w[i] * w[j] + unit)
          place += 1
        }
      }
      return
    }
    // H = η² (D + uu' - vv'), D = diag(d, 1, ..., 1), u = (u₀, u₁w₁...), v = (0, v₁w₁...). The extra unknowns
    // have ±1 on the diagonal: u and v are large and nearly cancel, which the least change there would undo.
    var wSquare = w[0] * w[0]
    for i in 1..<count { wSquare += w[i] * w[i] }
    let d = 0.5 / wSquare
    let u0 = (wSquare - d).squareRoot()
    let u1 = 2 * w[0] / u0
    let v1 = (2 * (2 + 1 / wSquare) / (2 * wSquare - 1 / wSquare)).squareRoot()
    out[0] = -square * d
    for i in 1..<count { out[i] = -square }
    let v = out + count
    v[0] = 0
    for i in 1..<count { v[i] = eta * v1 * w[i] }
    v[count] = -1
    let u = out + 2 * count + 1
    u[0] = eta * u0
    for i in 1..<count { u[i] = eta * u1 * w[i] }
    u[count] = 1
  }
}
