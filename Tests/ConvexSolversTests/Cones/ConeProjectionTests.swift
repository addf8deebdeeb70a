import ConvexSolvers
import Foundation
import LinearAlgebra
import Testing
import _TestSupport

/// A cone and what its tests are called.
private let cones: [Cone] = [
  .zero(2), .free(2), .nonnegative(3), .secondOrder(1), .secondOrder(2), .secondOrder(5),
  .semidefinite(order: 1), .semidefinite(order: 2), .semidefinite(order: 5), .exponential,
  .dualExponential, .power(0.5), .power(0.2), .power(0.9), .power(-0.3), .power(-0.97),
  .power(0.01),
]

extension SeededGenerator {
  /// A point whose numbers have magnitudes from 1e-`decades` to 1e`decades`, or the same magnitude.
  fileprivate mutating func point(_ count: Int, decades: Double) -> Vector {
    let common = uniform() < 0.5
    let scale = pow(10, decades * (2 * uniform() - 1))
    return Vector(
      (0..<count).map { _ in
        normal() * (common ? scale : pow(10, decades * (2 * uniform() - 1)))
      })
  }
}

/// How far a point is outside of a cone, relative to the sizes that are compared.
private func violation(_ cone: Cone, _ v: Vector) -> Double {
  switch cone {
  case .zero: return v.infinityNorm
  case .free: return 0
  case .nonnegative: return v.reduce(0) { max($0, -$1) }
  case .secondOrder: return max(0, Vector(Array(v.dropFirst())).twoNorm - v[0])
  case .semidefinite(let order):
    var matrix = Matrix(rows: order, columns: order)
    var place = 0
    for j in 0..<order {
      for i in j..<order {
        matrix[i, j] = v[place] * (i == j ? 1 : 0.5.squareRoot())
        matrix[j, i] = matrix[i, j]
        place += 1
      }
    }
    return max(0, -(try! SymmetricEigen(matrix).values[0]))
  // Moving one number alone leads into the cone: the least of those moves bounds the distance. (Which of
  // them rounding does not spoil depends on the point.)
  case .exponential:
    if v[1] > 0 && v[2] > 0 {
      return max(0, min(v[1] * exp(v[0] / v[1]) - v[2], v[0] - v[1] * log(v[2] / v[1])))
    }
    return max(-v[1], v[0], -v[2], 0)
  case .dualExponential:
    if v[0] < 0 && v[2] > 0 {
      return max(
        0, min(-v[0] * exp(v[1] / v[0] - 1) - v[2], v[0] * (1 + log(v[2] / -v[0])) - v[1]))
    }
    return max(v[0], -v[1], -v[2], 0)
  case .power(let a):
    let outside = max(0, -v[0], -v[1])
    if outside > 0 { return outside }
    let (x, y) = a > 0 ? (v[0], v[1]) : (v[0] / -a, v[1] / (1 + a))
    let size = v[2].magnitude
    let weight = a.magnitude
    return max(
      0,
      min(
        size - pow(x, weight) * pow(y, 1 - weight),
        size * pow(size / y, (1 - weight) / weight) - x,
        size * pow(size / x, weight / (1 - weight)) - y))
  }
}

@Suite struct ConeProjectionTests {
  @Test(arguments: cones)
  func splitsAsMoreauSays(_ cone: Cone) {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<4000 {
      let v = random.point(cone.rows, decades: 8)
      let size = v.twoNorm
      let primal = ConeProjection(of: v, onto: cone).value
      let dual = ConeProjection(of: -v, onto: cone, isDual: true).value
      #expect((v - primal + dual).twoNorm <= 1e-14 * size, "\(v)")
      #expect(abs(primal.dot(dual)) <= 2e-14 * size * size, "\(v)")
      #expect(violation(cone, primal) <= 2e-14 * size, "\(v) \(primal)")
      #expect(violation(cone.dual, dual) <= 2e-14 * size, "\(v) \(dual)")
    }
  }

  @Test(arguments: cones)
  func pointsOfTheConeStay(_ cone: Cone) {
    var random = SeededGenerator(seed: 8)
    for _ in 0..<500 {
      let v = ConeProjection(of: random.point(cone.rows, decades: 3), onto: cone).value
      let again = ConeProjection(of: v, onto: cone).value
      #expect((v - again).twoNorm <= 2e-14 * v.twoNorm, "\(v)")
    }
  }

  @Test(arguments: cones)
  func derivativesAgreeWithDifferences(_ cone: Cone) {
    var random = SeededGenerator(seed: 9)
    let step = 1e-6
    var misses = 0
    for _ in 0..<1000 {
      let v = Vector((0..<cone.rows).map { _ in random.normal() })
      let direction = Vector((0..<cone.rows).map { _ in random.normal() })
      let ahead = ConeProjection(of: v + step * direction, onto: cone).value
      let behind = ConeProjection(of: v - step * direction, onto: cone).value
      let quotient = (ahead - behind) / (2 * step)
      let derivative = ConeProjection(of: v, onto: cone).derivative(along: direction)
      if (quotient - derivative).twoNorm > 1e-5 * (1 + direction.twoNorm) { misses += 1 }
    }
    // Points within the step of a kink, or where the curvature is extreme.
    #expect(misses <= 8, "\(misses) of 1000")
  }

  @Test(arguments: cones)
  func derivativesAreSymmetricWithEigenvaluesInTheUnitInterval(_ cone: Cone) {
    var random = SeededGenerator(seed: 10)
    for _ in 0..<1000 {
      let v = random.point(cone.rows, decades: 8)
      let (d, e) = (random.point(cone.rows, decades: 0), random.point(cone.rows, decades: 0))
      let projection = ConeProjection(of: v, onto: cone)
      let (Dd, De) = (projection.derivative(along: d), projection.derivative(along: e))
      let scale = d.twoNorm * e.twoNorm
      #expect(abs(Dd.dot(e) - d.dot(De)) <= 1e-13 * scale, "\(v)")
      #expect(Dd.dot(d) >= -1e-13 * d.dot(d), "\(v)")
      #expect(Dd.dot(Dd) <= Dd.dot(d) + 1e-13 * d.dot(d), "\(v)")
      // A cone: the projection is the derivative along the point itself.
      let radial = projection.derivative(along: v)
      #expect((radial - projection.value).twoNorm <= 1e-13 * v.twoNorm, "\(v)")
    }
  }

  @Test func extremeMagnitudesKeepTheirAccuracy() {
    let sizes = [1e-300, 1e-150, 1e-20, 1e-8, 1, 1e8, 1e20, 1e150, 1e300]
    let signed: [Double] = sizes + sizes.map { -$0 } + [0]
    for cone in [Cone.exponential, .dualExponential, .power(0.3), .power(-0.6), .power(0.5)] {
      for x in signed {
        for y in signed {
          for z in signed {
            let v: Vector = [x, y, z]
            let size = v.infinityNorm
            let primal = ConeProjection(of: v, onto: cone)
            let dual = ConeProjection(of: -v, onto: cone, isDual: true).value
            #expect((v - primal.value + dual).infinityNorm <= 4e-15 * size, "\(cone) \(v)")
            if size > 0 {
              let product = (primal.value / size).dot(dual / size)
              #expect(abs(product) <= 1e-14, "\(cone) \(v)")
              #expect(violation(cone, primal.value / size) <= 1e-14, "\(cone) \(v)")
              #expect(violation(cone.dual, dual / size) <= 1e-14, "\(cone) \(v)")
            }
            #expect(primal.derivative(along: [1, 1, 1]).isFinite, "\(cone) \(v)")
          }
        }
      }
    }
  }

  @Test func knownProjections() {
    let disc = ConeProjection(of: [0, 3, 4], onto: ConeProduct(secondOrder: [3]))
    #expect(isClose(disc.value, [2.5, 1.5, 2]).holds)
    #expect(isClose(disc.derivative(along: [1, 0, 0]), [0.5, 0.3, 0.4]).holds)
    // Faces of the exponential cone, and its axis: (0, 0, -1) lies in neither cone.
    #expect(ConeProjection(of: [-1, -2, 3], onto: .exponential).value == [-1, 0, 3])
    #expect(ConeProjection(of: [-1, -2, -3], onto: .exponential).value == [-1, 0, 0])
    #expect(ConeProjection(of: [0, 0, -1], onto: .exponential).value == [0, 0, 0])
    // Seen along the diagonal, the power cone of one half is {x = y ≥ |z|}.
    #expect(
      isClose(ConeProjection(of: [0, 0, 1], onto: .power(0.5)).value, [1, 1, 1].map { $0 / 3 })
        .holds)
  }

  @Test func kinksTakeTheDocumentedElement() {
    #expect(
      ConeProjection(of: [0, 1, -1], onto: .nonnegative(3)).derivative(along: [2, 2, 2])
        == [1, 2, 0])
    #expect(
      ConeProjection(of: [0, 0, 0], onto: .secondOrder(3)).derivative(along: [2, 4, 6])
        == [1, 2, 3])
    // On the boundary half of the direction normal to it is lost.
    #expect(
      isClose(
        ConeProjection(of: [5, 3, 4], onto: .secondOrder(3)).derivative(along: [1, -0.6, -0.8]),
        [0.5, -0.3, -0.4]
      ).holds)
    #expect(
      isClose(
        ConeProjection(of: .zeros(3), onto: .semidefinite(order: 2)).derivative(along: [2, 4, 6]),
        [1, 2, 3]
      ).holds)
    // A zero beside a positive eigenvalue: the same as the second-order cone that it is.
    #expect(
      isClose(
        ConeProjection(of: [1, 0, 0], onto: .semidefinite(order: 2)).derivative(along: [1, 1, 1]),
        [1, 1, 0.5]
      ).holds)
  }

  @Test func repeatedEigenvaluesHaveTheirDerivative() {
    // diag(2, 2, -1, -1): the identity on the first block, zero on the last, 2/3 between.
    var v = Vector.zeros(10)
    for (place, value) in [(0, 2.0), (4, 2), (7, -1), (9, -1)] { v[place] = value }
    let derivative = ConeProjection(of: v, onto: .semidefinite(order: 4))
      .derivative(along: Vector(repeating: 1, count: 10))
    let between = 2.0 / 3
    #expect(
      isClose(derivative, [1, 1, between, between, 1, between, between, 0, 0, 0]).holds)
  }

  @Test func numbersThatAreNotFiniteStayInTheirBlock() {
    let product = ConeProduct(secondOrder: [2], semidefinite: [2], exponential: 1, power: [0.4])
    for row in 0..<11 {
      var v = Vector(repeating: 1, count: 11)
      v[row] = .nan
      let value = ConeProjection(of: v, onto: product).value
      for (_, rows) in product.blocks {
        let isSpoilt = rows.contains(row)
        for index in rows { #expect(value[index].isNaN == isSpoilt, "\(row) \(value)") }
      }
    }
  }
}
