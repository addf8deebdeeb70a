import LinearAlgebra

/// The point of a convex cone nearest to a given point, with the derivative of that map there.
///
/// ```swift
/// let projection = ConeProjection(of: [0, 3, 4], onto: ConeProduct(secondOrder: [3]))
/// projection.value                            // [2.5, 1.5, 2]
/// projection.derivative(along: [1, 0, 0])     // [0.5, 0.3, 0.4]
/// ```
///
/// A projection Π onto a closed convex cone K is continuous everywhere and differentiable almost
/// everywhere; its derivative is a symmetric matrix with eigenvalues in [0, 1], so forward and reverse
/// mode are the same product. With the polar part, `v = Π_K(v) - Π_K*(-v)` (Moreau 1962).
///
/// Where Π has no derivative the value is an element of its generalized Jacobian (Clarke 1983):
/// * nonnegative, second-order and semidefinite cones: a number, distance or eigenvalue that is exactly
///   zero counts as half positive and half negative, as in Busseti, Moursi and Boyd (2019, section 3);
/// * exponential and power cones: a point of the cone has the identity, a point of the polar cone zero.
///
/// A point with a number that is not finite has NaN as projection and derivative in that cone's rows.
public struct ConeProjection: Sendable {
  /// The projection, shape `[m]`.
  public let value: Vector
  private let blocks: [Block]

  private struct Block {
    let start: Int
    let derivative: ConeDerivative
  }

  /// Projects a point onto a product of cones. `O(m)`, and `O(k³)` for a semidefinite cone of order k.
  ///
  /// - Parameters:
  ///   - point: shape `[m]`, with a number for each row of the cones.
  ///   - cones: the product of cones.
  ///   - isDual: whether the projection is onto the dual of that product instead.
  public init(of point: Vector, onto cones: ConeProduct, isDual: Bool = false) {
    self.init(of: point, onto: cones.cones, isDual: isDual)
  }

  /// Projects a point onto one cone; see the other initializer.
  public init(of point: Vector, onto cone: Cone, isDual: Bool = false) {
    self.init(of: point, onto: [cone], isDual: isDual)
  }

  private init(of point: Vector, onto cones: [Cone], isDual: Bool) {
    let rows = cones.reduce(0) { $0 + $1.rows }
    precondition(point.count == rows, "ConeProjection: [\(point.count)] for \(rows) rows of cones")
    let result = AlignedBuffer(uninitializedCount: rows)
    blocks = withExtendedLifetime(point.storage) {
      var start = 0
      return cones.map { cone in
        defer { start += cone.rows }
        let derivative = (isDual ? cone.dual : cone).projectWithDerivative(
          point.storage.pointer + start, result.pointer + start)
        return Block(start: start, derivative: derivative)
      }
    }
    value = Vector(storage: result)
  }

  /// The derivative of the projection times a direction; also the transpose of the derivative, which is
  /// symmetric, times a cotangent. Shape `[m]`.
  public func derivative(along direction: Vector) -> Vector {
    precondition(
      direction.count == value.count,
      "ConeProjection.derivative: [\(direction.count)] for \(value.count) rows of cones")
    let result = AlignedBuffer(uninitializedCount: value.count)
    withExtendedLifetime(direction.storage) {
      applyDerivative(direction.storage.pointer, result.pointer)
    }
    return Vector(storage: result)
  }

  /// Writes the derivative times a direction; the two may not overlap.
  package func applyDerivative(
    _ direction: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>
  ) {
    for block in blocks { block.derivative.apply(direction + block.start, result + block.start) }
  }
}

extension Cone {
  /// Writes the projection of a point onto this cone; the two may be the same memory.
  package func project(_ point: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>) {
    switch self {
    case .zero(let count): result.update(repeating: 0, count: count)
    case .free(let count): result.update(from: point, count: count)
    case .nonnegative(let count):
      // NaN stays NaN.
      for row in 0..<count { result[row] = point[row] < 0 ? 0 : point[row] }
    case .secondOrder(let count): SecondOrderSplit(point, count).project(point, result)
    case .semidefinite(let order): SpectralSplit(point, order: order).project(result)
    case .exponential: ExponentialSplit(Triple(point)).primal.write(result)
    case .dualExponential: (-ExponentialSplit(-Triple(point)).polar).write(result)
    case .power(let exponent):
      if exponent > 0 {
        PowerSplit(Triple(point), exponent: exponent).primal.write(result)
      } else {
        (-PowerSplit(-Triple(point), exponent: -exponent).polar).write(result)
      }
    }
  }

  /// Writes the projection of a point onto this cone and returns the derivative there; `point` and
  /// `result` may not overlap.
  package func projectWithDerivative(
    _ point: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>
  ) -> ConeDerivative {
    switch self {
    case .zero(let count):
      project(point, result)
      return .multiple(0, count: count)
    case .free(let count):
      project(point, result)
      return .multiple(1, count: count)
    case .nonnegative(let count):
      project(point, result)
      return .diagonal(
        (0..<count).map { point[$0] > 0 ? 1 : point[$0] < 0 ? 0 : point[$0] == 0 ? 0.5 : .nan })
    case .secondOrder(let count):
      let split = SecondOrderSplit(point, count)
      split.project(point, result)
      return .secondOrder(split.derivative(point))
    case .semidefinite(let order):
      let split = SpectralSplit(point, order: order)
      split.project(result)
      return .semidefinite(split)
    case .exponential:
      let split = ExponentialSplit(Triple(point))
      split.primal.write(result)
      return .triple(split.derivative)
    case .dualExponential:
      let split = ExponentialSplit(-Triple(point))
      (-split.polar).write(result)
      return .triple(split.derivative.complement)
    case .power(let exponent):
      let isPrimal = exponent > 0
      let point = Triple(point)
      let split = PowerSplit(isPrimal ? point : -point, exponent: exponent.magnitude)
      (isPrimal ? split.primal : -split.polar).write(result)
      return .triple(isPrimal ? split.derivative : split.derivative.complement)
    }
  }
}
