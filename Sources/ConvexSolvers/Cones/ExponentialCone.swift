#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Moreau's decomposition of a point into its projections onto the exponential cone, the closure of
/// {(x, y, z): y > 0, y exp(x / y) ≤ z}, and onto the polar cone.
///
/// On the curved boundary the two parts are `a (ρ, 1, e^ρ)` and `b (1, 1 - ρ, -e^-ρ)` with a, b > 0; the
/// first two rows give a and b for any ρ, and the third is one increasing equation in ρ (Friberg 2023,
/// "Projection onto the exponential cone: a univariate root-finding problem", theorem 1). Of the two ways
/// to compute the third row the one is taken that rounding in ρ does not harm: errors are those of
/// rounding relative to the length of the point, for any magnitudes of its numbers.
struct ExponentialSplit {
  /// The projection onto the cone.
  private(set) var primal = Triple.zero
  /// The projection onto the polar cone.
  private(set) var polar = Triple.zero
  /// The derivative of `primal`.
  private(set) var derivative = TripleMatrix.zero

  init(_ v: Triple) {
    if !v.isFinite {
      primal = Triple(.nan, .nan, .nan)
      polar = primal
      derivative = .notANumber
    } else if Self.isInCone(v) {
      primal = v
      derivative = .identity
    } else if Self.isInPolar(v) {
      polar = v
    } else if v.x <= 0 && v.y <= 0 {
      splitOnFace(v, y: 0)
    } else {
      // The cone does not change when all is scaled; a power of two is exact.
      let scale = v.largest.binade
      splitOnCurve((1 / scale) * v)
      primal = scale * primal
      polar = scale * polar
    }
  }

  private static func isInCone(_ v: Triple) -> Bool {
    v.y > 0 ? v.y * exp(v.x / v.y) <= v.z : v.y == 0 && v.x <= 0 && v.z >= 0
  }

  private static func isInPolar(_ v: Triple) -> Bool {
    // -v in the dual cone; e times z is kept out of the exponential's argument.
    v.x > 0 ? v.x * exp(v.y / v.x - 1) <= -v.z : v.x == 0 && v.y <= 0 && v.z <= 0
  }

  /// The projection onto the face {(x, 0, z): x ≤ 0, z ≥ 0}.
  private mutating func splitOnFace(_ v: Triple, y: Double) {
    primal = Triple(v.x, y, max(v.z, 0))
    polar = Triple(0, v.y - y, min(v.z, 0))
    derivative.xx = 1
    derivative.yy = y > 0 ? 1 : 0
    derivative.zz = v.z > 0 ? 1 : 0
  }

  /// Beyond this ρ one of the exponentials is zero and the other infinite.
  private static let largestRatio = 1500.0

  private mutating func splitOnCurve(_ v: Triple) {
    // A number may have vanished beside the others.
    if v.x <= 0 && v.y <= 0 { return splitOnFace(v, y: 0) }
    // Between these a and b are positive.
    var low = -Self.largestRatio
    var high = Self.largestRatio
    if v.x > 0 { low = max(low, 1 - v.y / v.x) }
    if v.x < 0 { high = min(high, 1 - v.y / v.x) }
    if v.y > 0 { high = min(high, v.x / v.y) }
    if v.y < 0 { low = max(low, v.x / v.y) }
    // Next to the faces, where the exponential of the bound already is zero.
    if high <= -Self.largestRatio { return splitOnFace(v, y: v.y) }
    if low >= Self.largestRatio {
      primal = Triple(0, 0, max(v.z, 0))
      polar = Triple(v.x, v.y, min(v.z, 0))
      derivative.zz = 1
      return
    }
    let start = low <= 0 && high >= 0 ? 0 : (low > 0 ? low : high)
    let ratio = monotoneRoot(from: low, to: high, start: start) { Self.thirdRow($0, v) }
    finish(v, ratio: ratio)
  }

  private static func factors(_ ratio: Double, _ v: Triple) -> (a: Double, b: Double) {
    let denominator = ratio * (ratio - 1) + 1
    return (
      max(((ratio - 1) * v.x + v.y) / denominator, 0), max((v.x - ratio * v.y) / denominator, 0)
    )
  }

  /// `a e^ρ - b e^-ρ - z` and its slope.
  private static func thirdRow(_ ratio: Double, _ v: Triple) -> (value: Double, slope: Double) {
    let (a, b) = factors(ratio, v)
    let denominator = ratio * (ratio - 1) + 1
    let slopeA = (v.x - a * (2 * ratio - 1)) / denominator
    let slopeB = (-v.y - b * (2 * ratio - 1)) / denominator
    let growing = exp(ratio)
    let shrinking = exp(-ratio)
    let primal = a > 0 ? a * growing : 0
    let polar = b > 0 ? b * shrinking : 0
    return (
      primal - polar - v.z,
      primal + polar + slopeA * min(growing, .greatestFiniteMagnitude)
        - slopeB * min(shrinking, .greatestFiniteMagnitude)
    )
  }

  private mutating func finish(_ v: Triple, ratio: Double) {
    var (a, b) = Self.factors(ratio, v)
    let decay = exp(-ratio.magnitude)
    let square = decay * decay
    var curvaturePrimal: Double
    var curvaturePolar: Double
    if ratio >= 0 {
      let z = max(v.z + b * decay, 0)
      a = z * decay
      primal = Triple(a * ratio, a, z)
      polar = Triple(b, b * (1 - ratio), -b * decay)
      curvaturePrimal = square + (ratio - 1) * (ratio - 1) + 1
      curvaturePolar = 1 + square * (ratio * ratio + 1)
    } else {
      let z = min(v.z - a * decay, 0)
      b = -z * decay
      primal = Triple(a * ratio, a, a * decay)
      polar = Triple(b, b * (1 - ratio), z)
      curvaturePrimal = 1 + square * ((ratio - 1) * (ratio - 1) + 1)
      curvaturePolar = square + ratio * ratio + 1
    }
    curvaturePrimal *= a
    curvaturePolar *= b
    let sum = curvaturePrimal + curvaturePolar
    guard primal.largest > 0 else { return }
    // Unit vectors, for a and b may be so small that their products with others are lost.
    derivative = TripleMatrix(
      primal: ratio >= 0 ? Triple(ratio * decay, decay, 1) : Triple(ratio, 1, decay),
      polar: ratio >= 0 ? Triple(1, 1 - ratio, -decay) : Triple(decay, (1 - ratio) * decay, -1),
      across: sum > 0 ? curvaturePrimal / sum : 0)
  }
}
