/// A point of the three-dimensional cones.
struct Triple: Sendable {
  var x: Double
  var y: Double
  var z: Double

  init(_ x: Double, _ y: Double, _ z: Double) {
    self.x = x
    self.y = y
    self.z = z
  }

  init(_ pointer: UnsafePointer<Double>) {
    self.init(pointer[0], pointer[1], pointer[2])
  }

  static let zero = Triple(0, 0, 0)

  func write(_ pointer: UnsafeMutablePointer<Double>) {
    pointer[0] = x
    pointer[1] = y
    pointer[2] = z
  }

  var isFinite: Bool { x.isFinite && y.isFinite && z.isFinite }
  var largest: Double { max(x.magnitude, y.magnitude, z.magnitude) }

  static prefix func - (v: Triple) -> Triple { Triple(-v.x, -v.y, -v.z) }
  static func * (factor: Double, v: Triple) -> Triple {
    Triple(factor * v.x, factor * v.y, factor * v.z)
  }

  func dot(_ other: Triple) -> Double { x * other.x + y * other.y + z * other.z }

  func cross(_ other: Triple) -> Triple {
    Triple(y * other.z - z * other.y, z * other.x - x * other.z, x * other.y - y * other.x)
  }

  /// The vector of length 1 in this direction; zero for zero.
  var unit: Triple {
    let size = largest
    if size == 0 { return self }
    // Not times the reciprocal, which may overflow.
    let scaled = Triple(x / size, y / size, z / size)
    return (1 / scaled.dot(scaled).squareRoot()) * scaled
  }
}

/// A symmetric matrix of order three.
package struct TripleMatrix: Sendable {
  var xx = 0.0
  var yy = 0.0
  var zz = 0.0
  var xy = 0.0
  var xz = 0.0
  var yz = 0.0

  static let zero = TripleMatrix()
  static let identity = TripleMatrix(xx: 1, yy: 1, zz: 1)
  static let notANumber = TripleMatrix(
    xx: .nan, yy: .nan, zz: .nan, xy: .nan, xz: .nan, yz: .nan)

  /// The derivative of the projection onto a three-dimensional cone at a point whose projection lies on
  /// the smooth part of the boundary.
  ///
  /// The boundary consists of rays, so it is flat along the projection `primal`; the derivative is the
  /// identity there, zero along the normal `polar`, and some number `across` between 0 and 1, that tells
  /// the curvature, in the third direction.
  init(primal: Triple, polar: Triple, across: Double) {
    let p = primal.unit
    let t = p.cross(polar.unit).unit
    xx = p.x * p.x + across * t.x * t.x
    yy = p.y * p.y + across * t.y * t.y
    zz = p.z * p.z + across * t.z * t.z
    xy = p.x * p.y + across * t.x * t.y
    xz = p.x * p.z + across * t.x * t.z
    yz = p.y * p.z + across * t.y * t.z
  }

  init(
    xx: Double = 0, yy: Double = 0, zz: Double = 0, xy: Double = 0, xz: Double = 0, yz: Double = 0
  ) {
    self.xx = xx
    self.yy = yy
    self.zz = zz
    self.xy = xy
    self.xz = xz
    self.yz = yz
  }

  /// The identity minus this matrix: the derivative of the other part of Moreau's decomposition.
  var complement: TripleMatrix {
    TripleMatrix(xx: 1 - xx, yy: 1 - yy, zz: 1 - zz, xy: -xy, xz: -xz, yz: -yz)
  }

  static func * (matrix: TripleMatrix, v: Triple) -> Triple {
    Triple(
      matrix.xx * v.x + matrix.xy * v.y + matrix.xz * v.z,
      matrix.xy * v.x + matrix.yy * v.y + matrix.yz * v.z,
      matrix.xz * v.x + matrix.yz * v.y + matrix.zz * v.z)
  }
}
