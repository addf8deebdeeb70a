import LinearAlgebra

typealias Numbers = UnsafeMutablePointer<Double>

/// How one cone of the interior point is scaled at the current iterate: H with Hz = s, positive definite.
///
/// All pointers point to the cone's own rows. A step (Δs, Δz) satisfies Δs + HΔz = -d, where d is s for the
/// predictor and `correctedSlack` for the corrector.
protocol ConeScaling: AnyObject {
  /// The barrier's parameter.
  var degree: Int { get }
  /// Whether s and z are treated alike, so that a starting point can be computed and shifted.
  var isSymmetric: Bool { get }

  /// Writes the points with which s and z start.
  func setUnit(_ s: Numbers)
  func setDualUnit(_ z: Numbers)
  /// The largest a with v - a e in the cone: positive inside.
  func margin(_ v: Numbers) -> Double
  /// Adds a e to v.
  func shift(_ v: Numbers, by amount: Double)

  /// Sets H to the identity.
  func setIdentity()
  /// Computes the scaling; false if s or z is not in the interior.
  func update(s: Numbers, z: Numbers, barrier: Double, dualOnly: Bool) -> Bool
  /// out = Hv.
  func multiply(_ v: Numbers, into out: Numbers)
  /// out = d of the corrector; `ds` and `dz` are the predictor's step and may be overwritten.
  func correctedSlack(
    s: Numbers, ds: Numbers, dz: Numbers, barrier: Double, into out: Numbers)
  /// The largest step of at most `limit` that keeps both in the cone.
  func maximumStep(
    s: Numbers, z: Numbers, ds: Numbers, dz: Numbers, limit: Double
  ) -> Double
  /// The barrier functions of s + a ds and z + a dz, added; infinity outside.
  func barrier(s: Numbers, z: Numbers, ds: Numbers, dz: Numbers, step: Double) -> Double
  /// Writes -H in the form that the KKT system has for the cone.
  func writeBlock(_ out: Numbers)
  /// Writes for each row what a residual counts: 1 / (1 + H), for where H is large the row says little.
  func writeResidualWeights(_ out: Numbers)
  /// The form of -H in the KKT system.
  var form: ConeBlockForm { get }
}

extension ConeScaling {
  func setDualUnit(_ z: Numbers) { setUnit(z) }
}

/// How -H of a cone stands in the KKT system.
enum ConeBlockForm: Equatable {
  /// A diagonal.
  case diagonal
  /// The upper triangle column by column.
  case dense
  /// A diagonal and two extra unknowns coupled with all rows: the block holds the diagonal, the column of
  /// the first extra unknown with its (negative) diagonal, that of the second with its positive one.
  case diagonalPlusRankTwo
  /// Not in the KKT system: eliminated.
  case eliminated
}

/// Equalities: s = 0, z free.
final class ZeroScaling: ConeScaling {
  let count: Int
  init(count: Int) { self.count = count }

  var degree: Int { 0 }
  var isSymmetric: Bool { true }
  var form: ConeBlockForm { .diagonal }
  func setUnit(_ s: Numbers) { s.update(repeating: 0, count: count) }
  func margin(_ v: Numbers) -> Double { .infinity }
  func shift(_ v: Numbers, by amount: Double) {}
  func setIdentity() {}
  func update(s: Numbers, z: Numbers, barrier: Double, dualOnly: Bool) -> Bool { true }
  func multiply(_ v: Numbers, into out: Numbers) { out.update(repeating: 0, count: count) }
  func correctedSlack(s: Numbers, ds: Numbers, dz: Numbers, barrier: Double, into out: Numbers) {
    out.update(repeating: 0, count: count)
  }
  func maximumStep(s: Numbers, z: Numbers, ds: Numbers, dz: Numbers, limit: Double) -> Double {
    limit
  }
  func barrier(s: Numbers, z: Numbers, ds: Numbers, dz: Numbers, step: Double) -> Double { 0 }
  func writeBlock(_ out: Numbers) { out.update(repeating: 0, count: count) }
  func writeResidualWeights(_ out: Numbers) { out.update(repeating: 1, count: count) }
}

/// s, z ≥ 0: H = diag(s / z).
final class NonnegativeScaling: ConeScaling {
  let count: Int
  private let ratio: Numbers

  init(count: Int) {
    self.count = count
    ratio = .allocate(capacity: max(count, 1))
    ratio.update(repeating: 1, count: count)
  }

  deinit { ratio.deallocate() }

  var degree: Int { count }
  var isSymmetric: Bool { true }
  var form: ConeBlockForm { .diagonal }

  func setUnit(_ s: Numbers) { s.update(repeating: 1, count: count) }

  func margin(_ v: Numbers) -> Double {
    var least = Double.infinity
    for i in 0..<count { least = min(least, v[i]) }
    return least
  }

  func shift(_ v: Numbers, by amount: Double) {
    for i in 0..<count { v[i] += amount }
  }

  func setIdentity() { ratio.update(repeating: 1, count: count) }

  func update(s: Numbers, z: Numbers, barrier: Double, dualOnly: Bool) -> Bool {
    for i in 0..<count {
      if !(s[i] > 0 && z[i] > 0) { return false }
      ratio[i] = s[i] / z[i]
    }
    return true
  }

  func multiply(_ v: Numbers, into out: Numbers) {
    for i in 0..<count { out[i] = ratio[i] * v[i] }
  }

  func correctedSlack(s: Numbers, ds: Numbers, dz: Numbers, barrier: Double, into out: Numbers) {
    for i in 0..<count {
      // z = s / ratio
      out[i] = s[i] + (ds[i] * dz[i] - barrier) * ratio[i] / s[i]
    }
  }

  func maximumStep(s: Numbers, z: Numbers, ds: Numbers, dz: Numbers, limit: Double) -> Double {
    var step = limit
    for i in 0..<count {
      if ds[i] < 0 { step = min(step, -s[i] / ds[i]) }
      if dz[i] < 0 { step = min(step, -z[i] / dz[i]) }
    }
    return step
  }

  func barrier(s: Numbers, z: Numbers, ds: Numbers, dz: Numbers, step: Double) -> Double {
    var sum = 0.0
    for i in 0..<count { sum -= logarithm((s[i] + step * ds[i]) * (z[i] + step * dz[i])) }
    return sum
  }

  func writeBlock(_ out: Numbers) {
    for i in 0..<count { out[i] = -ratio[i] }
  }

  func writeResidualWeights(_ out: Numbers) {
    for i in 0..<count { out[i] = 1 / (1 + ratio[i]) }
  }
}
