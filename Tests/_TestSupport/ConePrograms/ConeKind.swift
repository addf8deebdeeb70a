import ConvexSolvers

/// The kinds of random cone programs that the tests sweep over: each cone alone, beside a few equalities
/// and inequalities, and all mixes.
package enum ConeKind: String, CaseIterable, Sendable {
  case equalities, nonnegative, free, smallSecondOrder, largeSecondOrder, semidefinite
  case exponential, dualExponential, power, dualPower, mixed

  /// A random product of such cones.
  package func cones(_ random: inout SeededGenerator) -> ConeProduct {
    var cones = ConeProduct(zero: random.below(3), nonnegative: random.below(4))
    switch self {
    case .equalities: cones = ConeProduct(zero: 1 + random.below(6))
    case .nonnegative: cones.nonnegative += 2 + random.below(6)
    case .free:
      cones.free = 1 + random.below(3)
      cones.nonnegative += 2
    case .smallSecondOrder:
      cones.secondOrder = (0...random.below(3)).map { _ in 1 + random.below(4) }
    case .largeSecondOrder:
      cones.secondOrder = (0...random.below(2)).map { _ in 5 + random.below(6) }
    case .semidefinite: cones.semidefinite = (0...random.below(2)).map { _ in 1 + random.below(5) }
    case .exponential: cones.exponential = 1 + random.below(3)
    case .dualExponential: cones.dualExponential = 1 + random.below(3)
    case .power: cones.power = random.exponents(1 + random.below(3))
    case .dualPower: cones.power = random.exponents(1 + random.below(3)).map { -$0 }
    case .mixed:
      cones = ConeProduct(
        zero: random.below(4), free: random.below(2), nonnegative: random.below(6),
        secondOrder: (0..<random.below(3)).map { _ in 2 + random.below(7) },
        semidefinite: (0..<random.below(3)).map { _ in 1 + random.below(5) },
        exponential: random.below(3), dualExponential: random.below(3),
        power: random.exponents(random.below(3)).map { random.uniform() < 0.5 ? $0 : -$0 })
    }
    return cones
  }
}

extension SeededGenerator {
  /// A number from 0 to `bound - 1`.
  package mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(bound, 1))) }

  /// Exponents of power cones, not too close to 0 and 1.
  package mutating func exponents(_ count: Int) -> [Double] {
    (0..<count).map { _ in 0.1 + 0.8 * uniform() }
  }
}
