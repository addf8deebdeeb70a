/// The derivative of the projection onto one cone at one point: a symmetric matrix with eigenvalues in
/// [0, 1], kept in the form in which its products are cheap.
package enum ConeDerivative: Sendable {
  /// A multiple of the identity.
  case multiple(Double, count: Int)
  case diagonal([Double])
  case secondOrder(SecondOrderDerivative)
  case semidefinite(SpectralSplit)
  case triple(TripleMatrix)

  /// Writes the product with a direction; the two may not overlap.
  package func apply(
    _ direction: UnsafePointer<Double>, _ result: UnsafeMutablePointer<Double>
  ) {
    switch self {
    case .multiple(let factor, let count):
      if factor == 0 {
        result.update(repeating: 0, count: count)
      } else {
        for row in 0..<count { result[row] = factor * direction[row] }
      }
    case .diagonal(let entries):
      for row in entries.indices { result[row] = entries[row] * direction[row] }
    case .secondOrder(let derivative): derivative.apply(direction, result)
    case .semidefinite(let split): split.applyDerivative(direction, result)
    case .triple(let matrix): (matrix * Triple(direction)).write(result)
    }
  }
}
