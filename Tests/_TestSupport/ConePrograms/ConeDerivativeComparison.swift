import ConvexSolvers
import LinearAlgebra
import OptimizationCore

/// The derivatives of a solution along a random change of all data, in both modes, with random weights
/// on all parts of the solution.
package struct ConeDerivativeComparison {
  package let data: RandomConeProgram
  package let change: ConeProgramChange
  package let weights: (x: Vector, y: Vector, s: Vector)
  package let gradient: ConeProgramGradient
  package let tangent: ConeProgramTangent
  /// The derivative of the weighted sum of the solution, by forward and by reverse mode.
  package let forward: Double
  package let reverse: Double
  /// The size of the terms that the derivative is a sum of.
  package let size: Double

  package init(
    _ data: RandomConeProgram, _ solution: ConeProgramSolution, seed: UInt64,
    policy: DegeneratePolicy = .leastNorm
  ) throws {
    var random = SeededGenerator(seed: seed ^ 77)
    weights = (
      random.vector(data.c.count), random.vector(data.b.count), random.vector(data.b.count)
    )
    self.data = data
    change = data.perturbation(&random)
    gradient = try solution.vjp(x: weights.x, y: weights.y, s: weights.s, degenerate: policy)
    tangent = try solution.jvp(change.perturbation, degenerate: policy)
    reverse = change.inner(gradient)
    forward = weights.x.dot(tangent.x) + weights.y.dot(tangent.y) + weights.s.dot(tangent.s)
    size =
      1 + weights.x.twoNorm * tangent.x.twoNorm + weights.y.twoNorm * tangent.y.twoNorm
      + weights.s.twoNorm * tangent.s.twoNorm
  }

  /// Whether the two modes agree.
  package func isAdjoint(tolerance: Double = 1e-7) -> Bool {
    abs(forward - reverse) <= tolerance * size
  }

  /// The larger error that the two certificates admit.
  package var admittedError: Double {
    max(gradient.certificate.errorEstimate, tangent.certificate.errorEstimate)
  }

  /// Whether central differences agree for one of a few steps, smaller where the solution moves fast.
  package func agreesWithDifferences(tolerance: Double = 1e-5) throws -> Bool {
    let speed = max(tangent.x.twoNorm, tangent.y.twoNorm, tangent.s.twoNorm)
    for distance in [1e-3, 1e-4, 1e-5] {
      let step = distance / max(100, speed)
      let above = try data.moved(by: step, along: change).solve()
      let below = try data.moved(by: -step, along: change).solve()
      guard above.status == .optimal, below.status == .optimal else { continue }
      let difference =
        weights.x.dot(above.x - below.x) + weights.y.dot(above.y - below.y)
        + weights.s.dot(above.s - below.s)
      if abs(difference / (2 * step) - forward) <= tolerance * size { return true }
    }
    return false
  }
}
