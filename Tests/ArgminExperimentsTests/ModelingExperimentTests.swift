import ArgminExperiments
import Foundation
import Testing

extension MeasuredExperimentTests {
  /// The experiments on the modelling language, in short forms.
  @Suite struct ModelingExperimentTests {
    private func results(_ experiment: any Experiment) throws -> [String: Any] {
      let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
      defer { try? FileManager.default.removeItem(at: folder) }
      _ = try experiment.run(output: folder, seed: 1) { _, _ in }
      let parsed = try JSONSerialization.jsonObject(
        with: Data(contentsOf: folder.appendingPathComponent("results.json")))
      return try #require(parsed as? [String: Any])
    }

    @Test func logisticSlopesAgreeWithTrainingAgain() throws {
      let results = try results(LogisticSensitivity())
      #expect(try #require(results["heldOutAccuracy"] as? Double) > 0.9)
      let samples = try #require(results["samples"] as? [[String: Any]])
      #expect(samples.count == 10)
      for sample in samples {
        let slope = try #require(sample["slope"] as? Double)
        let difference = try #require(sample["difference"] as? Double)
        #expect(abs(slope - difference) < 1e-5 * slope)
      }
    }

    @Test func sudokuRulesAreLearnedWhereANetworkRemembers() throws {
      let results = try results(OptNetSudoku(trainingCount: 3000, epochs: 25))
      let models = try #require(results["models"] as? [[String: Any]])
      let errors = try models.map { try #require($0["testError"] as? Double) }
      #expect(errors[0] < 0.15, "learned equalities: \(errors[0])")
      #expect(errors[1] > 2 * errors[0], "network: \(errors[1])")
    }

    @Test func learnedMatricesFitBetterThanTotalVariation() throws {
      let results = try results(OptNetDenoising(trainingCount: 300, testCount: 50, epochs: 30))
      let models = try #require(results["models"] as? [[String: Any]])
      let errors = try models.map { try #require($0["trainingError"] as? Double) }
      // Nothing, a network, total variation, learned matrices.
      #expect(errors[2] < 0.3 * errors[0])
      #expect(errors[3] < errors[2])
    }
  }
}
