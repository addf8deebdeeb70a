import ConvexSolvers
import Foundation
import LinearAlgebra
import Testing
import _TestSupport

/// Sets in five dimensions.
private let sets: [ProjectionSet] = [
  .simplex(), .simplex(total: 3.5), .oneNormBall(), .oneNormBall(radius: 4), .twoNormBall(),
  .twoNormBall(radius: 3), .nondecreasing,
  .box(lower: [-1, 0, -.infinity, 0.5, -.infinity], upper: [1, 0, 0.3, .infinity, .infinity]),
]

extension SeededGenerator {
  fileprivate mutating func normals(_ count: Int, scale: Double = 1) -> Vector {
    Vector((0..<count).map { _ in scale * normal() })
  }
}

/// How far a point is outside of a set.
private func violation(_ set: ProjectionSet, _ x: Vector) -> Double {
  switch set {
  case .simplex(let total):
    return max(abs(x.reduce(0, +) - total), x.reduce(0) { max($0, -$1) })
  case .box(let lower, let upper):
    return (0..<x.count).reduce(0) { max($0, lower[$1] - x[$1], x[$1] - upper[$1]) }
  case .oneNormBall(let radius): return max(0, x.reduce(0) { $0 + abs($1) } - radius)
  case .twoNormBall(let radius): return max(0, x.twoNorm - radius)
  case .nondecreasing: return (1..<x.count).reduce(0) { max($0, x[$1 - 1] - x[$1]) }
  }
}

@Suite struct SetProjectionTests {
  @Test(arguments: sets)
  func projectionsAreTheNearestPoints(_ set: ProjectionSet) {
    var random = SeededGenerator(seed: 1)
    for trial in 0..<2000 {
      let v = random.normals(5, scale: pow(10, Double(trial % 17) - 8))
      let x = SetProjection(of: v, onto: set).value
      let tolerance = 1e-14 * (4 + v.twoNorm)
      #expect(violation(set, x) <= tolerance, "\(v) \(x)")
      // The angle with every other point of the set is obtuse.
      let other = SetProjection(of: random.normals(5, scale: 3), onto: set).value
      let size = (v - x).twoNorm * (other - x).twoNorm
      #expect((v - x).dot(other - x) <= 1e-13 * size + tolerance * (v - x).twoNorm, "\(v) \(x)")
    }
  }

  @Test(arguments: sets)
  func derivativesAgreeWithDifferences(_ set: ProjectionSet) {
    var random = SeededGenerator(seed: 2)
    let step = 1e-6
    var misses = 0
    for _ in 0..<1000 {
      let v = random.normals(5, scale: 2)
      let (d, e) = (random.normals(5), random.normals(5))
      let projection = SetProjection(of: v, onto: set)
      let ahead = SetProjection(of: v + step * d, onto: set).value
      let behind = SetProjection(of: v - step * d, onto: set).value
      let derivative = projection.derivative(along: d)
      if ((ahead - behind) / (2 * step) - derivative).twoNorm > 1e-7 * (1 + d.twoNorm) {
        misses += 1
      }
      #expect(abs(derivative.dot(e) - projection.derivative(along: e).dot(d)) <= 1e-13 * 25)
    }
    #expect(misses <= 3, "\(misses) of 1000")
  }

  @Test func knownProjections() {
    let simplex = SetProjection(of: [0.9, 0.3, -0.5], onto: .simplex())
    #expect(isClose(simplex.value, [0.8, 0.2, 0]).holds)
    #expect(isClose(simplex.derivative(along: [1, 0, 0]), [0.5, -0.5, 0]).holds)
    #expect(SetProjection(of: [3, 1, 2, 5], onto: .nondecreasing).value == [2, 2, 2, 5])
    #expect(SetProjection(of: [3, -1], onto: .oneNormBall()).value == [1, 0])
    #expect(SetProjection(of: [], onto: .nondecreasing).value == [])
    #expect(SetProjection(of: [1e9 + 1, 1e9], onto: .simplex()).value == [1, 0])
  }

  @Test func aCoordinateOnABoundCountsHalf() {
    let box = ProjectionSet.box(lower: [0, 0, 1], upper: [1, 1, 1])
    let projection = SetProjection(of: [0, 0.5, 1], onto: box)
    #expect(projection.derivative(along: [2, 2, 2]) == [1, 2, 0])
  }

  @Test func numbersThatAreNotFiniteGiveNaN() {
    for set in sets {
      let projection = SetProjection(of: [0, .nan, 1, 2, 3], onto: set)
      let derivative = projection.derivative(along: [1, 1, 1, 1, 1])
      for index in 0..<5 {
        #expect(projection.value[index].isNaN && derivative[index].isNaN, "\(set)")
      }
    }
  }
}
