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
}
