import LinearAlgebra

/// A closed convex set, other than a cone, onto which points are projected.
public enum ProjectionSet: Sendable, Equatable {
  /// {x: x ≥ 0, Σ x = total}, total > 0.
  case simplex(total: Double = 1)
  /// {x: lower ≤ x ≤ upper}, each of shape `[n]`; infinite bounds are absent ones.
  case box(lower: Vector, upper: Vector)
  /// {x: Σ |x| ≤ radius}, radius > 0.
  case oneNormBall(radius: Double = 1)
  /// {x: ‖x‖₂ ≤ radius}, radius > 0.
  case twoNormBall(radius: Double = 1)
  /// {x: x₀ ≤ x₁ ≤ ...}: the projection is the isotonic regression.
  case nondecreasing

  func validate(count: Int) {
    switch self {
    case .simplex(let size), .oneNormBall(let size), .twoNormBall(let size):
      precondition(size > 0 && size.isFinite, "SetProjection: the size \(size) is not positive")
    case .box(let lower, let upper):
      precondition(
        lower.count == count && upper.count == count,
        "SetProjection: bounds [\(lower.count)] and [\(upper.count)] for a point [\(count)]")
      for index in 0..<count {
        precondition(
          lower[index] <= upper[index],
          "SetProjection: the bounds \(lower[index]) and \(upper[index]) at \(index) exclude all")
      }
    case .nondecreasing: break
    }
  }
}

/// The point of a convex set nearest to a given point, with the derivative of that map there.
///
/// ```swift
/// let projection = SetProjection(of: [0.9, 0.3, -0.5], onto: .simplex())
/// projection.value                            // [0.8, 0.2, 0]
/// projection.derivative(along: [1, 0, 0])     // [0.5, -0.5, 0]
/// ```
///
/// The derivative is a symmetric matrix with eigenvalues in [0, 1], so forward and reverse mode are the
/// same product. Where the projection has no derivative the value is an element of its generalized
/// Jacobian: a coordinate that comes to lie exactly on a face counts as one that stays there, save a
/// coordinate on a bound of a box, which counts half. A point with a number that is not finite has NaN as
/// projection and derivative, infinite coordinates of a box's point excepted.
public struct SetProjection: Sendable {
  /// The projection, shape `[n]`.
  public let value: Vector
  private let face: Face

  /// The derivative in the form in which its products are cheap.
  private enum Face {
    case undefined
    case diagonal([Double])
    /// Signs of the coordinates that move, 0 for the others: minus their mean, of `count` ones.
    case signs([Double], count: Double)
    /// A multiple of the projector orthogonal to a unit vector.
    case sphere(unit: [Double], factor: Double)
    /// The starts of the blocks that move together, and the end.
    case blocks([Int])
  }

  /// Projects a point. `O(n)`; `O(n log n)` for the simplex and the ball of the 1-norm.
  ///
  /// - Parameters:
  ///   - point: shape `[n]`.
  ///   - set: the set; one that is empty traps.
  public init(of point: Vector, onto set: ProjectionSet) {
    set.validate(count: point.count)
    let v = point.array
    let isBox = if case .box = set { true } else { false }
    guard isBox ? !v.contains(where: \.isNaN) : v.allSatisfy(\.isFinite) else {
      value = Vector(repeating: .nan, count: v.count)
      face = .undefined
      return
    }
    switch set {
    case .simplex(let total):
      precondition(!v.isEmpty, "SetProjection: the simplex in no dimensions is empty")
      let shift = simplexShift(v, total: total)
      value = Vector(v.map { max($0 - shift, 0) })
      face = Self.signs(v.map { $0 > shift ? 1 : 0 })
    case .box(let lower, let upper):
      value = Vector(v.indices.map { min(max(v[$0], lower[$0]), upper[$0]) })
      face = .diagonal(
        v.indices.map { index in
          if lower[index] == upper[index] { return 0 }
          if v[index] == lower[index] || v[index] == upper[index] { return 0.5 }
          return v[index] > lower[index] && v[index] < upper[index] ? 1 : 0
        })
    case .oneNormBall(let radius):
      let sizes = v.map(\.magnitude)
      if sizes.reduce(0, +) <= radius {
        value = point
        face = .diagonal([Double](repeating: 1, count: v.count))
        return
      }
      let shift = simplexShift(sizes, total: radius)
      value = Vector(v.map { $0 < 0 ? -max(-$0 - shift, 0) : max($0 - shift, 0) })
      face = Self.signs(v.map { $0.magnitude > shift ? ($0 < 0 ? -1 : 1) : 0 })
    case .twoNormBall(let radius):
      let norm = point.twoNorm
      if norm <= radius {
        value = point
        face = .diagonal([Double](repeating: 1, count: v.count))
        return
      }
      let unit = v.map { $0 / norm }
      value = Vector(unit.map { radius * $0 })
      face = .sphere(unit: unit, factor: radius / norm)
    case .nondecreasing:
      let (means, starts) = isotonicBlocks(v)
      var result = v
      for (block, mean) in means.enumerated() {
        for index in starts[block]..<starts[block + 1] { result[index] = mean }
      }
      value = Vector(result)
      face = .blocks(starts)
    }
  }

  private static func signs(_ signs: [Double]) -> Face {
    .signs(signs, count: Double(signs.count { $0 != 0 }))
  }

  /// The derivative of the projection times a direction; also its transpose, the same matrix, times a
  /// cotangent. Shape `[n]`.
  public func derivative(along direction: Vector) -> Vector {
    precondition(
      direction.count == value.count,
      "SetProjection.derivative: [\(direction.count)] for a point [\(value.count)]")
    switch face {
    case .undefined:
      return Vector(repeating: .nan, count: value.count)
    case .diagonal(let entries):
      return Vector(entries.indices.map { entries[$0] * direction[$0] })
    case .signs(let signs, let count):
      var mean = 0.0
      for index in signs.indices { mean += signs[index] * direction[index] }
      if count > 0 { mean /= count }
      return Vector(signs.indices.map { signs[$0] == 0 ? 0 : direction[$0] - signs[$0] * mean })
    case .sphere(let unit, let factor):
      var product = 0.0
      for index in unit.indices { product += unit[index] * direction[index] }
      return Vector(unit.indices.map { factor * (direction[$0] - product * unit[$0]) })
    case .blocks(let starts):
      var result = direction
      for (start, end) in zip(starts, starts.dropFirst()) {
        var sum = 0.0
        for index in start..<end { sum += direction[index] }
        for index in start..<end { result[index] = sum / Double(end - start) }
      }
      return result
    }
  }
}

/// The number s with `Σ max(v - s, 0) = total` (Held, Wolfe and Crowder 1974).
private func simplexShift(_ v: [Double], total: Double) -> Double {
  let largest = v.max() ?? 0
  // Relative to the largest number, so that little is lost where all are large.
  let sorted = v.map { $0 - largest }.sorted(by: >)
  var sum = 0.0
  var shift = -total
  for (index, value) in sorted.enumerated() {
    sum += value
    let candidate = (sum - total) / Double(index + 1)
    if value <= candidate && index > 0 { break }
    shift = candidate
  }
  return largest + shift
}

/// Pools neighbours that are out of order until the means of the blocks increase (Ayer et al. 1955).
private func isotonicBlocks(_ v: [Double]) -> (means: [Double], starts: [Int]) {
  var means: [Double] = []
  var counts: [Int] = []
  for value in v {
    var mean = value
    var count = 1
    while let last = means.last, last > mean {
      let other = counts.removeLast()
      means.removeLast()
      // A mean of means: sums of large numbers would overflow.
      mean += (last - mean) * (Double(other) / Double(count + other))
      count += other
    }
    means.append(mean)
    counts.append(count)
  }
  return (means, counts.reduce(into: [0]) { $0.append($0.last! + $1) })
}
