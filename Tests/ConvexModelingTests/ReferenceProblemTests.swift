import Argmin
import ConvexModeling
import Testing
import _TestSupport

@Suite struct ReferenceProblemTests {
  @Test(arguments: ReferenceProblem.all)
  func agreesWithCVXPY(_ reference: ReferenceProblem) throws {
    let (problem, variables) = try reference.build()
    let answer = try problem.solve()
    #expect(answer.status == .optimal)
    let objective = isClose(
      answer.objective.item, reference.objective, relativeTolerance: 1e-6)
    #expect(objective.holds, "\(objective)")
    let values = variables.flatMap { answer[$0].scalars }
    let closeness = isClose(
      values, reference.values, relativeTolerance: 1e-5, absoluteTolerance: 1e-5)
    #expect(closeness.holds, "\(closeness)")
  }

  /// Each problem, tilted by a parameter times its variables, so that it has something to be differentiated
  /// by.
  @Test func derivativesAgreeWithDifferences() throws {
    var exact = 0
    for reference in ReferenceProblem.all {
      let (problem, variables) = try reference.build()
      let tilts = variables.map { Self.parameter(like: $0) }
      let tilt = zip(variables, tilts).reduce(0.expression) { $0 + dot($1.1, $1.0) }
      let sum = problem.objective.expression + tilt
      let tilted = try Problem(problem.objective.isMaximized ? .maximize(sum) : .minimize(sum)) {
        problem.constraints
      }
      let layer = try tilted.layer(parameters: tilts)
      let weights = variables.map { Tensor(entries($0.shape.reduce(1, *), 11), shape: $0.shape) }
      func loss(_ values: [Tensor]) throws -> Tensor {
        let answer = try layer(values)
        return zip(variables, weights).reduce(Tensor(0)) { $0 + (answer[$1.0] * $1.1).sum() }
      }
      // Away from zero, where some would sit on a kink.
      let point = variables.map {
        Tensor(entries($0.shape.reduce(1, *), 3), shape: $0.shape) * 0.01
      }
      let answer = try layer(point)
      guard answer.status == .optimal, try answer.derivativeCertificates()[0].kind == .exact else {
        continue
      }
      exact += 1
      let direction = variables.map {
        Tensor(entries($0.shape.reduce(1, *), 7), shape: $0.shape)
      }
      func moved(_ h: Double) throws -> Double {
        try loss(zip(point, direction).map { $0 + $1 * h }).item
      }
      let difference = (try moved(1e-5) - moved(-1e-5)) / 2e-5
      let slope = zip(try gradient(at: point) { try loss($0) }, direction)
        .reduce(0) { $0 + ($1.0 * $1.1).sum().item }
      let closeness = isClose(
        slope, difference, relativeTolerance: 1e-4, absoluteTolerance: 1e-5)
      #expect(closeness.holds, "\(reference.name): \(closeness)")
    }
    #expect(exact >= 20, "only \(exact) of \(ReferenceProblem.all.count) are differentiable")
  }

  private static func parameter(like variable: Variable) -> Parameter {
    let shape = variable.shape
    switch shape.count {
    case 0: return Parameter()
    case 1: return Parameter(shape[0])
    default: return Parameter(shape[0], shape[1])
    }
  }
}
