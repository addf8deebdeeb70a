/// Where a point (t, u) lies relative to the second-order cone {(t, u): t ≥ ‖u‖₂}.
///
/// Between the cone and its polar the projection is `½ (1 + t / ‖u‖) (‖u‖, u)`.
struct SecondOrderSplit {
  let count: Int
  private let t: Double
  private let norm: Double

  init(_ point: UnsafePointer<Double>, _ count: Int) {
    self.count = count
    t = count > 0 ? point[0] : 0
    norm = count > 1 ? scaledNorm(point + 1, count - 1) : 0
  }

  func project(_ point: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>) {
    if count == 0 { return }
    if norm <= t {
      result.update(from: point, count: count)
    } else if norm <= -t {
      result.update(repeating: 0, count: count)
    } else {
      // Half of each first: the sum of two large numbers may overflow.
      let length = 0.5 * norm + 0.5 * t
      let factor = length / norm
      result[0] = length
      for row in 1..<count { result[row] = factor * point[row] }
      if norm.isNaN || t.isNaN { result.update(repeating: .nan, count: count) }
    }
  }

  func derivative(_ point: UnsafePointer<Double>) -> SecondOrderDerivative {
    var weights = (along: 1.0, across: 1.0, against: 0.0)
    if norm < t {
      weights.against = 1
    } else if norm < -t {
      weights = (0, 0, 0)
    } else if norm == 0 {
      weights = (0.5, 0.5, 0.5)
    } else if norm == t {
      weights.against = 0.5
    } else if norm == -t {
      weights = (0.5, 0, 0)
    } else {
      weights.across = 0.5 + 0.5 * (t / norm)
    }
    let unit =
      norm > 0 && count > 0
      ? (1..<count).map { point[$0] / norm } : [Double](repeating: 0, count: max(count - 1, 0))
    return SecondOrderDerivative(
      unit: unit, along: weights.along, across: weights.across, against: weights.against)
  }
}

/// `along` times the projector onto (1, û), `against` that onto (1, -û), and `across` times the rest,
/// with û the direction of u.
package struct SecondOrderDerivative: Sendable {
  let unit: [Double]
  let along: Double
  let across: Double
  let against: Double

  func apply(_ direction: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>) {
    guard along != across || against != across else {
      for row in 0...unit.count { result[row] = along * direction[row] }
      return
    }
    var product = 0.0
    for index in unit.indices { product += unit[index] * direction[index + 1] }
    let plus = 0.5 * along * (direction[0] + product)
    let minus = 0.5 * against * (direction[0] - product)
    result[0] = plus + minus
    let radial = plus - minus - across * product
    for index in unit.indices {
      result[index + 1] = across * direction[index + 1] + radial * unit[index]
    }
  }
}

/// The Euclidean norm, without overflow or underflow in between.
func scaledNorm(_ x: UnsafePointer<Double>, _ count: Int) -> Double {
  var largest = 0.0
  for index in 0..<count {
    let size = x[index].magnitude
    if !(size <= largest) { largest = size }
    if size.isNaN { return .nan }
  }
  if largest == 0 || !largest.isFinite { return largest }
  if largest > 0x1p-400 && largest < 0x1p400 {
    var sum = 0.0
    for index in 0..<count { sum += x[index] * x[index] }
    return sum.squareRoot()
  }
  var sum = 0.0
  for index in 0..<count { sum += (x[index] / largest) * (x[index] / largest) }
  return largest * sum.squareRoot()
}
