import ArgminExperiments
import Foundation
import Testing

@Suite struct HyperparameterLearningTests {
  @Test func learnedWeightsTellWrongLabels() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    _ = try HyperparameterLearning(outerSteps: 8).run(output: folder, seed: 1) { _, _ in }
    let parsed = try JSONSerialization.jsonObject(
      with: Data(contentsOf: folder.appendingPathComponent("results.json")))
    let choices = try #require((parsed as? [String: Any])?["choices"] as? [[String: Any]])
    let grid = try #require(choices[0]["validationLoss"] as? Double)
    for index in 1...3 {
      #expect(try #require(choices[index]["validationLoss"] as? Double) < grid)
      #expect(try #require(choices[index]["areaUnderCurve"] as? Double) > 0.8)
    }
    // The exact derivative and the implicit one go the same way.
    let curves = try [1, 3].map { try #require(choices[$0]["validationLosses"] as? [Double]) }
    for (a, b) in zip(curves[0], curves[1]) { #expect(abs(a - b) < 0.02 * a) }
  }
}
