import ConvexSolvers
import Foundation
import LinearAlgebra

/// A slack s in a cone and a dual y in its dual cone with s'y = 0, strictly complementary: s + y is
/// bounded away from the boundary of both, or both lie on opposite smooth parts of it.
package struct ComplementaryPair {
  package var s: [Double] = []
  package var y: [Double] = []

  /// A random pair: inside, at the origin, or on the boundary.
  package init(_ cone: Cone, _ random: inout SeededGenerator) {
    switch cone {
    case .zero(let count):
      s = [Double](repeating: 0, count: count)
      y = (0..<count).map { _ in random.normal() }
    case .free(let count):
      s = (0..<count).map { _ in random.normal() }
      y = [Double](repeating: 0, count: count)
    case .nonnegative(let count):
      for _ in 0..<count {
        let value = random.normal()
        s.append(value > 0 ? value + 0.05 : 0)
        y.append(value > 0 ? 0 : 0.05 - value)
      }
    case .secondOrder(let count): secondOrder(count, &random)
    case .semidefinite(let order):
      self = ComplementaryPair(order: order, ranks: nil, &random)
    case .exponential: exponential(&random)
    case .dualExponential:
      exponential(&random)
      (s, y) = (y, s)
    case .power(let exponent):
      power(exponent.magnitude, &random)
      if exponent < 0 { (s, y) = (y, s) }
    }
  }

  /// Semidefinite matrices that share eigenvectors, with the given numbers of positive eigenvalues of S
  /// and Y; nil for random ones that add up to the order. All positive eigenvalues are equal if
  /// `isRepeated`.
  package init(
    order: Int, ranks: (s: Int, y: Int)?, isRepeated: Bool = false, _ random: inout SeededGenerator
  ) {
    let positive = ranks?.s ?? random.below(order + 1)
    let negative = ranks?.y ?? order - positive
    let vectors = random.orthonormal(order, order)
    let values = (0..<order).map { _ in isRepeated ? 1 : 0.1 + random.normal().magnitude }
    func part(_ range: Range<Int>) -> [Double] {
      symmetricVector(order) { i, j in
        range.reduce(0) { $0 + values[$1] * vectors[i, $1] * vectors[j, $1] }
      }
    }
    s = part(0..<positive)
    y = part(order - negative..<order)
  }

  private mutating func secondOrder(_ count: Int, _ random: inout SeededGenerator) {
    let tail = (1..<count).map { _ in random.normal() }
    let norm = tail.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let zero = [Double](repeating: 0, count: count)
    let place = random.below(4)
    if place == 0 || (count == 1 && place == 2) {
      (s, y) = ([norm + 0.3] + tail, zero)
    } else if place == 1 || count == 1 {
      (s, y) = (zero, [norm + 0.3] + tail)
    } else {
      let scale = 0.2 + random.uniform()
      (s, y) = ([norm] + tail, [scale * norm] + tail.map { -scale * $0 })
    }
  }

  private mutating func exponential(_ random: inout SeededGenerator) {
    let second = 0.3 + random.uniform()
    let first = random.normal() * 0.7
    let third = second * exp(first / second)
    let scale = 0.2 + random.uniform()
    s = [first, second, third]
    y = [-scale, scale * (log(third / second) - 1), scale * second / third]
    moveOffBoundary(place: random.below(4)) {
      $0[2] += 0.5
    } dual: {
      $0[2] += 0.5
    }
  }

  private mutating func power(_ exponent: Double, _ random: inout SeededGenerator) {
    let first = 0.3 + random.uniform()
    let second = 0.3 + random.uniform()
    let size = pow(first, exponent) * pow(second, 1 - exponent)
    let sign = random.uniform() < 0.5 ? 1.0 : -1.0
    let scale = 0.2 + random.uniform()
    s = [first, second, sign * size]
    y = [scale * exponent * size / first, scale * (1 - exponent) * size / second, -sign * scale]
    moveOffBoundary(place: random.below(4)) {
      $0[2] *= 0.5
    } dual: {
      $0[2] *= 0.5
    }
  }

  private mutating func moveOffBoundary(
    place: Int, primal: (inout [Double]) -> Void, dual: (inout [Double]) -> Void
  ) {
    if place == 0 {
      primal(&s)
      y = [0, 0, 0]
    } else if place == 1 {
      dual(&y)
      s = [0, 0, 0]
    }
  }
}

/// A symmetric matrix as a row of the semidefinite cone: lower triangle column by column, off-diagonals
/// times √2.
package func symmetricVector(_ order: Int, _ element: (Int, Int) -> Double) -> [Double] {
  var result: [Double] = []
  for j in 0..<order {
    for i in j..<order { result.append((i == j ? 1 : 2.0.squareRoot()) * element(i, j)) }
  }
  return result
}

/// The matrix of such a row.
package func symmetricMatrix(_ order: Int, _ vector: some Collection<Double>) -> Matrix {
  var result = Matrix(rows: order, columns: order)
  var rest = Array(vector)[...]
  for j in 0..<order {
    for i in j..<order {
      let value = rest.removeFirst() * (i == j ? 1 : 0.5.squareRoot())
      result[i, j] = value
      result[j, i] = value
    }
  }
  return result
}
