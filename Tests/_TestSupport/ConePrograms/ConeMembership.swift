import ConvexSolvers
import Foundation
import LinearAlgebra

extension Cone {
  /// How far a point lies outside the cone, by the cone's definition; at most 0 inside.
  package func violation(_ v: [Double]) -> Double {
    switch self {
    case .zero: return v.reduce(0) { max($0, abs($1)) }
    case .free: return 0
    case .nonnegative: return v.reduce(0) { max($0, -$1) }
    case .secondOrder: return v.dropFirst().reduce(0) { $0 + $1 * $1 }.squareRoot() - v[0]
    case .semidefinite(let order):
      guard let eigen = try? SymmetricEigen(symmetricMatrix(order, v)) else { return .nan }
      return -(eigen.values.min() ?? 0)
    case .exponential:
      // Up to the boundary ray {(x, 0, z): x ≤ 0, z ≥ 0}.
      if v[1] <= 0 { return max(-v[1], v[0], -v[2]) }
      return min(v[1] * exp(v[0] / v[1]) - v[2], max(v[1], v[0], -v[2]))
    case .dualExponential:
      if v[0] >= 0 { return max(v[0], -v[1], -v[2]) }
      return min(-v[0] * exp(v[1] / v[0] - 1) - v[2], max(-v[0], -v[1], -v[2]))
    case .power(let exponent):
      let a = abs(exponent)
      let scale = exponent > 0 ? (1.0, 1.0) : (1 / a, 1 / (1 - a))
      let size = pow(max(v[0], 0) * scale.0, a) * pow(max(v[1], 0) * scale.1, 1 - a)
      return max(-v[0], -v[1], abs(v[2]) - size)
    }
  }
}

extension ConeProduct {
  /// The largest violation of the cones, or of their duals.
  package func violation(_ v: Vector, ofDual isDual: Bool = false) -> Double {
    blocks.reduce(0) { worst, block in
      let cone = isDual ? block.cone.dual : block.cone
      let violation = cone.violation(block.rows.map { v[$0] })
      return violation.isNaN ? .nan : max(worst, violation)
    }
  }
}

extension ConeProgram {
  /// The largest violation of the optimality conditions, relative to the sizes of the terms: computed
  /// from the data alone. The cones are looked at one by one.
  package func optimalityError(x: Vector, y: Vector, s: Vector) -> Double {
    let Px = P.map { $0 * x } ?? Vector.zeros(variables)
    let Aty = A.transposeTimes(y)
    let Ax = A * x
    var dual = 0.0
    var dualSize = 1.0
    for j in 0..<variables {
      dual = max(dual, abs(Px[j] + Aty[j] + c[j]))
      dualSize = max(dualSize, abs(Px[j]), abs(Aty[j]), abs(c[j]))
    }
    var primal = 0.0
    var primalSize = 1.0
    var gap = x.dot(Px) + c.dot(x)
    for i in 0..<rows where b[i] < 1e20 {
      primal = max(primal, abs(Ax[i] + s[i] - b[i]))
      primalSize = max(primalSize, abs(Ax[i]), abs(s[i]), abs(b[i]))
      gap += b[i] * y[i]
    }
    let objective = 0.5 * x.dot(Px) + c.dot(x)
    let errors = [
      dual / dualSize, primal / primalSize, abs(gap) / (1 + abs(objective)),
      cones.violation(s) / primalSize, cones.violation(y, ofDual: true) / dualSize,
    ]
    return errors.contains(where: \.isNaN) || x.contains(where: \.isNaN)
      ? .nan : errors.max() ?? 0
  }
}
