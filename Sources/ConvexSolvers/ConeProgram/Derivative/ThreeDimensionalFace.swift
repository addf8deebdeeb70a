import LinearAlgebra

/// The faces of exponential and power cones and their duals.
struct ThreeDimensionalFace {
  typealias Triple = SIMD3<Double>

  private let shape: Shape
  private let map: ConeMap
  private let finder: FaceFinder
  private var slackTolerance: Double { finder.slackTolerance }
  private var dualTolerance: Double { finder.dualTolerance }

  private enum Shape {
    case exponential
    case power(Double)
  }

  init(_ cone: Cone, _ finder: FaceFinder) {
    self.finder = finder
    map = ConeMap(of: cone)
    if case .power(let exponent) = cone {
      shape = .power(exponent.magnitude)
    } else {
      shape = .exponential
    }
  }

  func face(
    _ block: ConicLayout.Block, s: Numbers, y: Numbers, activity: inout FaceActivity
  ) -> ConeFace {
    let slack = Triple(s[0], s[1], s[2])
    let dual = Triple(y[0], y[1], y[2])
    let slackSize = (slack * slack).sum().squareRoot()
    let dualSize = (dual * dual).sum().squareRoot()
    let rows = block.start..<block.start + 3
    let dualInside = max(distanceInside(dual: map.inverseTranspose(dual)), 0)
    if finder.isAmbiguous(slackSize, dualSize) || finder.isAmbiguous(slackSize, dualInside) {
      activity.weaklyActive += rows
      return withoutCurvature(rank: 3)
    }
    if slackSize <= slackTolerance { return withoutCurvature(rank: 3) }
    let point = map.forward(slack)
    let slackInside = max(distanceInside(primal: point), 0)
    let isWeak = finder.isAmbiguous(slackInside, dualSize)
    if isWeak { activity.weaklyActive += rows }
    if dualSize <= dualTolerance, !isWeak { return withoutCurvature(rank: 0) }
    // On the smooth boundary s'y vanishes beside |s||y|, however small one of the two is; at the apex, and
    // inside, it does not.
    let isOblique = (slack * dual).sum() > FaceFinder.negligible * slackSize * dualSize
    if isOblique, slackSize / slackTolerance < 1e-4 * dualSize / dualTolerance {
      return withoutCurvature(rank: 3)
    }
    if isOblique, dualSize / dualTolerance < 1e-4 * slackSize / slackTolerance,
      slackInside > slackTolerance
    {
      return withoutCurvature(rank: 0)
    }
    if isFlat(point, map.inverseTranspose(dual), slackSize) {
      return flatFace(point, slack, dual, rows, &activity)
    }
    if isRay(point, map.inverseTranspose(dual), slackSize) { return rayFace }
    guard let curve = curvature(at: point, size: slackSize) else {
      return flatFace(point, slack, dual, rows, &activity)
    }
    if isWeak {
      // Kept as active: only the normal direction of the dual may move.
      let normal = map.transpose(curve.normal)
      let unit = normal / length(normal)
      let basis = orthonormalBasis(startingWith: [[unit.x, unit.y, unit.z]], endingWith: [], 3)
      return .dense(B: basis, rank: 1, curvature: Matrix(rows: 1, columns: 1))
    }
    // ds = αs - (1/ρ) aa'dy with a = M⁻¹τ, τ the unit tangent orthogonal to s.
    let tangent = map.inverse(curve.tangent)
    let bending = curve.bending * length(map.inverseTranspose(dual))
    let ratio = min(1e12, 1 / max(bending, 1e-300))
    let unitSlack = slack / slackSize
    let basis = orthonormalBasis(
      startingWith: [], endingWith: [[unitSlack.x, unitSlack.y, unitSlack.z]], 3)
    var curvature = Matrix(rows: 2, columns: 2)
    var inBasis = [0.0, 0.0]
    for j in 0..<2 {
      inBasis[j] = basis[0, j] * tangent.x + basis[1, j] * tangent.y + basis[2, j] * tangent.z
    }
    for i in 0..<2 {
      for j in 0..<2 { curvature[i, j] = ratio * inBasis[i] * inBasis[j] }
    }
    return .dense(B: basis, rank: 2, curvature: curvature)
  }

  /// Whether the dual is the normal of the flat piece y = 0 of the exponential cone.
  private func isFlat(_ point: Triple, _ dual: Triple, _ size: Double) -> Bool {
    guard case .exponential = shape else { return false }
    let dualSize = length(dual)
    return dual.y > 0 && dualSize > dualTolerance && point.x <= 0 && point.y < 1e-4 * size
      && max(dual.x.magnitude, dual.z.magnitude) < 1e-3 * dualSize
  }

  private func length(_ v: Triple) -> Double { (v * v).sum().squareRoot() }

  /// Whether the slack is on the ray (-1, 0, 0) of the exponential cone and the dual in {u = 0, v > 0, w > 0},
  /// the normal cone there: complementary without curvature, and strictly so.
  private func isRay(_ point: Triple, _ dual: Triple, _ size: Double) -> Bool {
    guard case .exponential = shape else { return false }
    let edge = 1e-3 * length(dual)
    return point.x < 0 && max(point.y.magnitude, point.z.magnitude) < 1e-4 * size
      && dual.x.magnitude < edge && min(dual.y, dual.z) > max(edge, dualTolerance)
  }

  /// The slack moves along its ray, the dual in the plane orthogonal to it.
  private var rayFace: ConeFace {
    let ray = map.inverse(Triple(-1, 0, 0))
    let unit = ray / length(ray)
    let basis = orthonormalBasis(startingWith: [], endingWith: [[unit.x, unit.y, unit.z]], 3)
    return .dense(B: basis, rank: 2, curvature: Matrix(rows: 2, columns: 2))
  }

  /// The dual moves in all directions, for rank 3, or in none, for rank 0.
  private func withoutCurvature(rank: Int) -> ConeFace {
    .dense(B: .identity(3), rank: rank, curvature: Matrix(rows: rank, columns: rank))
  }

  /// A flat piece of the boundary: the slack moves in it, the dual along its normal.
  private func flatFace(
    _ point: Triple, _ slack: Triple, _ dual: Triple, _ rows: Range<Int>,
    _ activity: inout FaceActivity
  ) -> ConeFace {
    // Exponential: {x ≤ 0, y = 0, z ≥ 0}; power: x = 0 or y = 0, both with z = 0, which are edges.
    let edge = 1e-3 * length(point)
    guard case .exponential = shape, point.x < -edge, point.z > edge else {
      activity.weaklyActive += rows
      let size = length(dual)
      let normal = size > dualTolerance ? dual / size : Triple(0, 1, 0)
      let basis = orthonormalBasis(
        startingWith: [[normal.x, normal.y, normal.z]], endingWith: [], 3)
      return .dense(B: basis, rank: 1, curvature: Matrix(rows: 1, columns: 1))
    }
    if length(dual) <= dualTolerance { activity.weaklyActive += rows }
    // The normal of y = 0 in the mapped space, M'e₂.
    let normal = map.transpose(Triple(0, 1, 0))
    let unit = normal / length(normal)
    let basis = orthonormalBasis(startingWith: [[unit.x, unit.y, unit.z]], endingWith: [], 3)
    return .dense(B: basis, rank: 1, curvature: Matrix(rows: 1, columns: 1))
  }

  /// How far inside the cone a point is, in one component.
  private func distanceInside(primal s: Triple) -> Double {
    switch shape {
    case .exponential:
      guard s.y > 0, s.z > 0 else { return s.x <= 0 && s.z > 0 ? min(0, s.y) : -1 }
      return min(s.y * logarithm(s.z / s.y) - s.x, s.z)
    case .power(let a):
      guard s.x > 0, s.y > 0 else { return 0 }
      return LinearAlgebra.exponential(a * logarithm(s.x) + (1 - a) * logarithm(s.y))
        - s.z.magnitude
    }
  }

  private func distanceInside(dual z: Triple) -> Double {
    switch shape {
    case .exponential:
      guard z.x < 0, z.z > 0 else { return 0 }
      return min(-z.x, z.z, z.y - z.x + z.x * logarithm(-z.x / z.z))
    case .power(let a):
      guard z.x > 0, z.y > 0 else { return 0 }
      return LinearAlgebra.exponential(a * logarithm(z.x / a) + (1 - a) * logarithm(z.y / (1 - a)))
        - z.z.magnitude
    }
  }

  /// The unit tangent of the boundary orthogonal to s, and how fast the unit normal turns along it: dn =
  /// bending ds. Nil where the boundary is not smooth.
  private func curvature(at s: Triple, size: Double) -> (
    tangent: Triple, normal: Triple, bending: Double
  )? {
    // The boundary as g(s) = 0 with gradient and second derivative.
    let gradient: Triple
    let second: SymmetricThree
    switch shape {
    case .exponential:
      // g = y log(z / y) - x.
      guard s.y > 1e-14 * size, s.z > 1e-14 * size else { return nil }
      gradient = Triple(-1, logarithm(s.z / s.y) - 1, s.y / s.z)
      second = SymmetricThree(yy: -1 / s.y, yz: 1 / s.z, zz: -s.y / (s.z * s.z))
    case .power(let a):
      // g = xᵃy¹⁻ᵃ - |z|.
      guard s.x > 1e-14 * size, s.y > 1e-14 * size else { return nil }
      let b = 1 - a
      let mean = LinearAlgebra.exponential(a * logarithm(s.x) + b * logarithm(s.y))
      gradient = Triple(a * mean / s.x, b * mean / s.y, s.z < 0 ? 1 : -1)
      second = SymmetricThree(
        xx: -a * b * mean / (s.x * s.x), xy: a * b * mean / (s.x * s.y),
        yy: -a * b * mean / (s.y * s.y))
    }
    var tangent = Triple(
      s.y * gradient.z - s.z * gradient.y, s.z * gradient.x - s.x * gradient.z,
      s.x * gradient.y - s.y * gradient.x)
    let norm = length(tangent)
    guard norm > 0, norm.isFinite else { return nil }
    tangent /= norm
    return (tangent, gradient, (tangent * second.times(tangent)).sum().magnitude / length(gradient))
  }

  /// Moves a slack onto the flat piece of the exponential cone and the dual onto its normal.
  func retractFlat(s: Triple, y: Triple) -> (s: Triple, y: Triple)? {
    guard case .exponential = shape else { return nil }
    var point = map.forward(s)
    point.x = min(point.x, 0)
    point.y = 0
    point.z = max(point.z, 0)
    let dual = map.inverseTranspose(y)
    return (map.inverse(point), map.transpose(Triple(0, max(dual.y, 0), 0)))
  }

  /// Moves a slack onto the ray (-1, 0, 0) of the exponential cone and the dual into its normal cone.
  func retractRay(s: Triple, y: Triple) -> (s: Triple, y: Triple)? {
    guard case .exponential = shape else { return nil }
    let dual = map.inverseTranspose(y)
    return (
      map.inverse(Triple(min(map.forward(s).x, 0), 0, 0)),
      map.transpose(Triple(0, max(dual.y, 0), max(dual.z, 0)))
    )
  }

  /// Moves a slack onto the smooth boundary and makes the dual normal to it; nil where it is not smooth.
  func retract(s: Triple, y: Triple) -> (s: Triple, y: Triple)? {
    var point = map.forward(s)
    let dual = map.inverseTranspose(y)
    let normal: Triple
    switch shape {
    case .exponential:
      guard point.y > 0, point.z > 0 else { return nil }
      // Solve for the component that the boundary determines best.
      if point.x < point.y {
        point.z = point.y * LinearAlgebra.exponential(point.x / point.y)
      } else {
        point.x = point.y * logarithm(point.z / point.y)
      }
      normal = Triple(-1, logarithm(point.z / point.y) - 1, point.y / point.z)
    case .power(let a):
      guard point.x > 0, point.y > 0 else { return nil }
      let mean = LinearAlgebra.exponential(a * logarithm(point.x) + (1 - a) * logarithm(point.y))
      point.z = point.z < 0 ? -mean : mean
      normal = Triple(a * mean / point.x, (1 - a) * mean / point.y, point.z < 0 ? 1 : -1)
    }
    let factor = (normal * dual).sum() / (normal * normal).sum()
    guard factor >= 0, factor.isFinite else { return nil }
    return (map.inverse(point), map.transpose(normal * factor))
  }
}

extension ConeMap {
  /// The map of a cone, the identity for primal ones.
  init(of cone: Cone) {
    switch cone {
    case .dualExponential: self = .dualExponential
    case .power(let exponent) where exponent < 0:
      self = .diagonal(SIMD3(-1 / exponent, 1 / (1 + exponent), 1))
    default: self = .identity
    }
  }
}
