import Foundation
import ProblemFiles
import Testing

/// The published problems that come with the experiments.
@Suite struct MarosMeszarosTests {
  private static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Sources/ArgminExperiments/Data/MarosMeszaros")

  @Test(arguments: [
    ("HS21", 2, 5, 0, -99.96), ("HS118", 15, 59, 0, 664.82045),
    ("DUAL4", 75, 150, 1, 0.746090842), ("CVXQP1_S", 100, 200, 50, 11590.7181),
  ])
  func optimalValues(
    name: String, variables: Int, inequalities: Int, equalities: Int, optimum: Double
  ) throws {
    let file = try ProblemFile(path: Self.folder.appendingPathComponent("\(name).qps").path)
    let program = try file.quadraticProgram(at: 0)
    #expect(program.variables == variables)
    #expect(program.inequalities == inequalities)
    #expect(program.equalities == equalities)
    let model = try #require(file.model)
    #expect(model.name == name)
    #expect(model.rowNames.count == inequalities + equalities)
    let solution = try program.solve()
    #expect(solution.status == .optimal)
    let objective = model.objective(solution.objective)
    #expect((objective - optimum).magnitude <= 1e-7 * (1 + optimum.magnitude))
  }
}
