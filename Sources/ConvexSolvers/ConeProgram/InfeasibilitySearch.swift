import LinearAlgebra
import OptimizationCore

/// The search for a proof that a program has no solution, where the solve itself gave out.
///
/// Whether there is a feasible point has nothing to do with the cost, and whether the cost is bounded nothing
/// with the right-hand side. Without what does not matter the interior point finds proofs of programs that miss
/// feasibility by a hair, on whose way to infinity it loses all digits otherwise. `InfeasibilityRule` does not
/// look at those data either, so such a proof is one of the program.
struct InfeasibilitySearch {
  let program: ConeProgram
  let settings: ConeProgramSettings
  let deadline: ContinuousClock.Instant?

  /// A proof, nil if none was found, and the iterations that were spent.
  func run() -> (ray: ConeProgramRay?, iterations: Int) {
    let first = ray(of: feasibilityProgram)
    if case .primalInfeasible = first.ray { return first }
    let second = ray(of: directionProgram)
    let iterations = first.iterations + second.iterations
    if case .dualInfeasible = second.ray { return (second.ray, iterations) }
    return (nil, iterations)
  }

  /// The constraints, without a cost.
  private var feasibilityProgram: ConeProgram? {
    try? ConeProgram(
      c: Vector.zeros(program.variables), A: program.A, b: program.b, cones: program.cones)
  }

  /// The cost over the directions in which the feasible set may be unbounded.
  private var directionProgram: ConeProgram? {
    try? ConeProgram(
      P: program.P, c: program.c, A: program.A,
      b: Vector(program.b.map { $0 == .infinity ? .infinity : 0 }), cones: program.cones)
  }

  private func ray(of program: ConeProgram?) -> (ray: ConeProgramRay?, iterations: Int) {
    var settings = settings
    settings.threads = 1
    settings.progress = nil
    if let deadline {
      let left = deadline - ContinuousClock.now
      guard left > .zero else { return (nil, 0) }
      settings.timeLimit = left
    }
    guard let program,
      let solution = try? ConeProgramRun(
        program.batch, settings: settings, warmStart: nil, seeksProofs: false
      ).solve()
    else { return (nil, 0) }
    return (solution.record.outcomes[0].ray, solution.record.outcomes[0].iterations)
  }
}
