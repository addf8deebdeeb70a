import LinearAlgebra

/// The barrier of the dual of a three-dimensional cone: f*(z) = -log l(z) - Σ weight_i log(sign_i z_i).
///
/// Exponential: l = v - u + u log(-u/w), f* = -log l - log(-u) - log w. Power a: l = (u/a)²ᵃ
/// (v/(1-a))²⁻²ᵃ - w², f* = -log l - (1-a) log u - a log v (Chares 2009, sections 4.3 and 5.3).
enum NonsymmetricBarrier {
  case exponential
  case power(Double)

  typealias Triple = SIMD3<Double>

  /// A point on the central path with s = z = -∇f*(z).
  var unit: Triple {
    switch self {
    case .exponential: Triple(-1.051383945322714, 0.556409619469370, 1.258967884768947)
    case .power(let a): Triple((1 + a).squareRoot(), (2 - a).squareRoot(), 0)
    }
  }

  /// l with its first two derivatives; second: 00, 01, 11, 02, 12, 22.
  struct Level {
    var value: Double
    var gradient: Triple
    var second: (Double, Double, Double, Double, Double, Double)

    /// The second derivative times a vector.
    func times(_ a: Triple) -> Triple {
      Triple(
        second.0 * a.x + second.1 * a.y + second.3 * a.z,
        second.1 * a.x + second.2 * a.y + second.4 * a.z,
        second.3 * a.x + second.4 * a.y + second.5 * a.z)
    }
  }

  func level(_ z: Triple) -> Level {
    switch self {
    case .exponential:
      let theta = logarithm(-z.x / z.z)
      return Level(
        value: z.y - z.x + z.x * theta, gradient: Triple(theta, 1, -z.x / z.z),
        second: (1 / z.x, 0, 0, -1 / z.z, 0, z.x / (z.z * z.z)))
    case .power(let a):
      let b = 1 - a
      let phi = LinearAlgebra.exponential(2 * a * logarithm(z.x / a) + 2 * b * logarithm(z.y / b))
      let root = phi.squareRoot()
      return Level(
        value: (root - z.z) * (root + z.z),
        gradient: Triple(2 * a * phi / z.x, 2 * b * phi / z.y, -2 * z.z),
        second: (
          2 * a * (2 * a - 1) * phi / (z.x * z.x), 4 * a * b * phi / (z.x * z.y),
          2 * b * (2 * b - 1) * phi / (z.y * z.y), 0, 0, -2
        ))
    }
  }

  /// The third derivative of l in two directions.
  private func third(_ z: Triple, _ p: Triple, _ q: Triple) -> Triple {
    switch self {
    case .exponential:
      let w2 = 1 / (z.z * z.z)
      return Triple(
        -p.x * q.x / (z.x * z.x) + p.z * q.z * w2, 0,
        (p.x * q.z + p.z * q.x) * w2 - 2 * z.x * w2 / z.z * p.z * q.z)
    case .power(let a):
      let b = 1 - a
      let phi = LinearAlgebra.exponential(2 * a * logarithm(z.x / a) + 2 * b * logarithm(z.y / b))
      let x = 1 / z.x
      let y = 1 / z.y
      let xxx = 2 * a * (2 * a - 1) * (2 * a - 2) * phi * x * x * x
      let xxy = 2 * a * (2 * a - 1) * 2 * b * phi * x * x * y
      let xyy = 2 * a * 2 * b * (2 * b - 1) * phi * x * y * y
      let yyy = 2 * b * (2 * b - 1) * (2 * b - 2) * phi * y * y * y
      let xx = p.x * q.x
      let xy = p.x * q.y + p.y * q.x
      let yy = p.y * q.y
      return Triple(xxx * xx + xxy * xy + xyy * yy, xxy * xx + xyy * xy + yyy * yy, 0)
    }
  }

  /// Weights of the logarithms of the components.
  private var weights: Triple {
    switch self {
    case .exponential: Triple(1, 0, 1)
    case .power(let a): Triple(1 - a, a, 0)
    }
  }

  /// Whether z is in the interior of the dual cone.
  func dualContains(_ z: Triple) -> Bool {
    switch self {
    case .exponential: z.x < 0 && z.z > 0 && level(z).value > 0
    case .power: z.x > 0 && z.y > 0 && level(z).value > 0
    }
  }

  /// Whether s is in the interior of the primal cone.
  func primalContains(_ s: Triple) -> Bool {
    switch self {
    case .exponential: s.y > 0 && s.z > 0 && s.y * logarithm(s.z / s.y) - s.x > 0
    case .power(let a):
      s.x > 0 && s.y > 0
        && LinearAlgebra.exponential(a * logarithm(s.x) + (1 - a) * logarithm(s.y)) > s.z.magnitude
    }
  }

  /// f*(z).
  func value(_ z: Triple) -> Double {
    let l = level(z).value
    switch self {
    case .exponential: return -logarithm(l) - logarithm(-z.x) - logarithm(z.z)
    case .power(let a): return -logarithm(l) - (1 - a) * logarithm(z.x) - a * logarithm(z.y)
    }
  }

  /// ∇f*(z).
  func gradient(_ z: Triple) -> Triple {
    let l = level(z)
    return -l.gradient / l.value - quotient(weights, z)
  }

  /// weight / z where the weight is not zero.
  private func quotient(_ weight: Triple, _ z: Triple) -> Triple {
    Triple(
      weight.x == 0 ? 0 : weight.x / z.x, weight.y == 0 ? 0 : weight.y / z.y,
      weight.z == 0 ? 0 : weight.z / z.z)
  }

  /// ∇²f*(z).
  func hessian(_ z: Triple) -> SymmetricThree {
    let l = level(z)
    let g = l.gradient / l.value
    let s = l.second
    let v = l.value
    let diagonal = quotient(quotient(weights, z), z)
    return SymmetricThree(
      xx: g.x * g.x - s.0 / v + diagonal.x, xy: g.x * g.y - s.1 / v,
      yy: g.y * g.y - s.2 / v + diagonal.y, xz: g.x * g.z - s.3 / v, yz: g.y * g.z - s.4 / v,
      zz: g.z * g.z - s.5 / v + diagonal.z)
  }

  /// ∇³f*(z)[p, q].
  func third(at z: Triple, _ p: Triple, _ q: Triple) -> Triple {
    let l = level(z)
    let g = l.gradient
    let v = l.value
    let gp = (g * p).sum()
    let gq = (g * q).sum()
    let hp = l.times(p)
    let hq = l.times(q)
    let pq = (p * hq).sum()
    let ofLevel = third(z, p, q)
    let cubes = quotient(quotient(quotient(weights, z), z), z)
    return g * (-2 * gp * gq / (v * v * v) + pq / (v * v)) + (hq * gp + hp * gq) / (v * v)
      - ofLevel / v - cubes * p * q * 2
  }

  /// The point z̃ with -∇f*(z̃) = s: minus the gradient of the conjugate barrier.
  func shadow(ofPrimal s: Triple) -> Triple {
    switch self {
    case .exponential:
      let omega = wrightOmega(1 - s.x / s.y - logarithm(s.y) + logarithm(s.z))
      let first = 1 / ((omega - 1) * s.y)
      return -Triple(
        first, first + first * logarithm(omega * s.y / s.z) - 1 / s.y, omega / ((1 - omega) * s.z))
    case .power(let a):
      let b = 1 - a
      if s.z == 0 { return Triple((1 + a) / s.x, (2 - a) / s.y, 0) }
      // 4 r (r - 1) / s₃² = (2r + b/a)²ᵃ (2r + a/b)²ᵇ / (s₁²ᵃ s₂²ᵇ) in t = log(r - 1).
      let constant =
        logarithm(4) - 2 * logarithm(s.z.magnitude) + 2 * a * logarithm(s.x) + 2 * b
        * logarithm(s.y)
      var t = 0.0
      for _ in 0..<60 {
        let excess = LinearAlgebra.exponential(t)
        let r = 1 + excess
        let h =
          t + logarithm(r) + constant - 2 * a * logarithm(2 * r + b / a)
          - 2 * b * logarithm(2 * r + a / b)
        let slope = 1 + excess * (1 / r - 4 * a / (2 * r + b / a) - 4 * b / (2 * r + a / b))
        var change = h / max(slope, 1e-300)
        change = max(-5, min(5, change))
        t -= change
        if change.magnitude < 1e-15 * max(1, t.magnitude) { break }
      }
      let r = 1 + LinearAlgebra.exponential(t)
      return Triple(
        (2 * a * r + b) / s.x, (2 * b * r + a) / s.y, -2 * LinearAlgebra.exponential(t) / s.z)
    }
  }
}

/// A symmetric 3 × 3 matrix.
struct SymmetricThree {
  var xx = 0.0
  var xy = 0.0
  var yy = 0.0
  var xz = 0.0
  var yz = 0.0
  var zz = 0.0

  static let identity = SymmetricThree(xx: 1, yy: 1, zz: 1)

  func times(_ v: SIMD3<Double>) -> SIMD3<Double> {
    SIMD3(
      xx * v.x + xy * v.y + xz * v.z, xy * v.x + yy * v.y + yz * v.z,
      xz * v.x + yz * v.y + zz * v.z)
  }

  /// Adds factor vv'.
  mutating func add(_ v: SIMD3<Double>, times factor: Double) {
    xx += factor * v.x * v.x
    xy += factor * v.x * v.y
    yy += factor * v.y * v.y
    xz += factor * v.x * v.z
    yz += factor * v.y * v.z
    zz += factor * v.z * v.z
  }

  func scaled(by factor: Double) -> SymmetricThree {
    SymmetricThree(
      xx: factor * xx, xy: factor * xy, yy: factor * yy, xz: factor * xz, yz: factor * yz,
      zz: factor * zz)
  }

  var frobeniusNorm: Double {
    (xx * xx + yy * yy + zz * zz + 2 * (xy * xy + xz * xz + yz * yz)).squareRoot()
  }

  /// The solution of Mx = v by LDLᵀ; nil if the matrix is not positive definite.
  func solve(_ v: SIMD3<Double>) -> SIMD3<Double>? {
    guard xx > 0 else { return nil }
    let a = xy / xx
    let b = xz / xx
    let second = yy - a * xy
    guard second > 0 else { return nil }
    let c = (yz - a * xz) / second
    let thirdPivot = zz - b * xz - c * (yz - a * xz)
    guard thirdPivot > 0 else { return nil }
    let y0 = v.x
    let y1 = v.y - a * y0
    let y2 = v.z - b * y0 - c * y1
    let x2 = y2 / thirdPivot
    let x1 = y1 / second - c * x2
    return SIMD3(y0 / xx - a * x1 - b * x2, x1, x2)
  }
}

/// ω with ω + log ω = x (Lawrence, Corless and Jeffrey 2012).
func wrightOmega(_ x: Double) -> Double {
  var omega: Double
  if x > 1 {
    omega = x - logarithm(x)
  } else if x > -2 {
    omega = LinearAlgebra.exponential(2 * (x - 1) / 3)
  } else {
    omega = LinearAlgebra.exponential(x)
    if omega == 0 { return 0 }
  }
  for _ in 0..<20 {
    // Halley-like step of fourth order on log ω.
    let residual = x - omega - logarithm(omega)
    let q = 1 + omega
    let change =
      residual / q * (2 * q * (q + 2 * residual / 3) - residual)
      / (2 * q * (q + 2 * residual / 3) - 2 * residual)
    omega *= 1 + change
    if change.magnitude < 1e-16 { break }
  }
  return omega
}
