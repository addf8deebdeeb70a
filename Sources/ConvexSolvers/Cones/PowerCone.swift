#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Moreau's decomposition of a point into its projections onto the power cone
/// {(x, y, z): xᵃ y¹⁻ᵃ ≥ |z|, x, y ≥ 0} with 0 < a < 1, and onto the polar cone.
///
/// With r = |z| of the projection and g = r (|z| - r), the projection has x = ½ (x₀ + √(x₀² + 4 a g)) and
/// y likewise with 1 - a; r is the root of xᵃ y¹⁻ᵃ = r (Hien 2015, "Differential properties of Euclidean
/// projection onto power cone", section 2). It is found in the logarithm of r / (|z| - r), in which both
/// ends of the interval are resolved and the logarithm of the equation is nearly straight.
struct PowerSplit {
  /// The projection onto the cone.
  private(set) var primal = Triple.zero
  /// The projection onto the polar cone.
  private(set) var polar = Triple.zero
  /// The derivative of `primal`.
  private(set) var derivative = TripleMatrix.zero

  private let a: Double

  /// - Parameter exponent: a, between 0 and 1.
  init(_ v: Triple, exponent a: Double) {
    self.a = a
    if !v.isFinite {
      primal = Triple(.nan, .nan, .nan)
      polar = primal
      derivative = .notANumber
    } else if v.x >= 0 && v.y >= 0 && weightedProduct(v.x, v.y) >= v.z.magnitude {
      primal = v
      derivative = .identity
    } else if v.x <= 0 && v.y <= 0 && weightedProduct(-v.x / a, -v.y / (1 - a)) >= v.z.magnitude {
      polar = v
    } else if v.z == 0 {
      splitOnFace(v)
    } else {
      // The cone does not change when all is scaled; a power of two is exact.
      let scale = v.largest.binade
      splitOnCurve((1 / scale) * v)
      primal = scale * primal
      polar = scale * polar
    }
  }

  private func weightedProduct(_ x: Double, _ y: Double) -> Double {
    pow(x, a) * pow(y, 1 - a)
  }

  /// z = 0 and one of x and y is positive, the other negative. Along z the boundary is flat, straight up
  /// or, for a = ½, round.
  private mutating func splitOnFace(_ v: Triple) {
    primal = Triple(max(v.x, 0), max(v.y, 0), 0)
    polar = Triple(min(v.x, 0), min(v.y, 0), 0)
    derivative.xx = v.x > 0 ? 1 : 0
    derivative.yy = v.y > 0 ? 1 : 0
    let kept = v.x > 0 ? a : 1 - a
    let positive = max(v.x, v.y)
    let negative = min(v.x, v.y)
    derivative.zz = kept > 0.5 ? 1 : kept < 0.5 ? 0 : positive / (positive - 2 * negative)
  }

  /// The positive root p of p (p - x) = c, and the root minus x, both without cancellation.
  private static func roots(_ x: Double, _ c: Double) -> (p: Double, excess: Double, width: Double)
  {
    let width = hypot(x, 2 * c.squareRoot())
    if x >= 0 {
      let p = 0.5 * (x + width)
      return (p, p > 0 ? c / p : 0, width)
    }
    let excess = 0.5 * (width - x)
    return (c / excess, excess, width)
  }

  private mutating func splitOnCurve(_ v: Triple) {
    let z = v.z.magnitude
    let a = a
    let end = 600.0
    // Value and slope of log r - a log x - (1 - a) log y, an increasing function of the logarithm.
    let position = monotoneRoot(from: -end, to: end, start: 0) { position in
      let r = z / (1 + exp(-position))
      let rest = z / (1 + exp(position))
      let product = r * rest
      let x = Self.roots(v.x, a * product)
      let y = Self.roots(v.y, (1 - a) * product)
      let logarithm = r > 0 ? log(r) : -.infinity
      let mean = a * log(x.p) + (1 - a) * log(y.p)
      let slope = product * (rest - r) / z
      return (
        logarithm - mean,
        rest / z - slope * (a * a / (x.p * x.width) + (1 - a) * (1 - a) / (y.p * y.width))
      )
    }
    let r = z / (1 + exp(-position))
    let rest = z / (1 + exp(position))
    let x = Self.roots(v.x, a * r * rest)
    let y = Self.roots(v.y, (1 - a) * r * rest)
    let sign = v.z < 0 ? -1.0 : 1
    primal = Triple(x.p, y.p, sign * r)
    polar = Triple(-x.excess, -y.excess, sign * rest)
    guard primal.largest > 0, polar.largest > 0 else {
      derivative = polar.largest > 0 ? .zero : .identity
      return
    }
    let b = 1 - a
    let crossing = x.p * y.p
    let curvaturePrimal =
      crossing * crossing / r + r * (b * b * x.p * x.p + a * a * y.p * y.p)
    let curvaturePolar = rest * a * b * (x.p * x.p + y.p * y.p + r * r)
    let ratio = curvaturePolar / curvaturePrimal
    derivative = TripleMatrix(
      primal: primal, polar: polar, across: ratio.isNaN ? 0 : 1 / (1 + ratio))
  }
}
