import ArgminExperiments
import Foundation
import Testing

extension MeasuredExperimentTests {
  @Suite struct MetaLearningTests {
    @Test func aShortTrainingAdaptsBetterThanItsBaselines() throws {
      let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
      defer { try? FileManager.default.removeItem(at: folder) }
      _ = try SinusoidMetaLearning(shots: [10], steps: 600, testTasks: 100)
        .run(output: folder, seed: 1) { _, _ in }
      let parsed = try JSONSerialization.jsonObject(
        with: Data(contentsOf: folder.appendingPathComponent("results.json")))
      let results = try #require(parsed as? [String: Any])
      let learners = try #require(results["learners"] as? [[String: Any]])
      func errors(_ name: String) throws -> [Double] {
        let learner = try #require(learners.first { $0["name"] as? String == name })
        // Null stands for an error that is not finite: networks of some tasks diverged.
        return try #require(learner["errors"] as? [Any]).map { $0 as? Double ?? .infinity }
      }
      let maml = try errors("MAML, 5 steps")
      #expect(maml[2] < maml[0], "adaptation helps")
      #expect(try maml[2] < errors("random weights")[2])
      #expect(try maml[2] < errors("pretrained")[2])

      let estimators = try #require(results["estimators"] as? [[String: Any]])
      func estimator(_ name: String) throws -> (error: Double, bytes: Int) {
        let entry = try #require(estimators.first { $0["name"] as? String == name })
        return (
          try #require(entry["relativeError"] as? Double), try #require(entry["bytes"] as? Int)
        )
      }
      let (unrolled, checkpointed) = (try estimator("unrolled"), try estimator("checkpointed"))
      #expect(unrolled.error == 0)
      // The same numbers up to single precision, whose rounding the inner steps amplify, by 500 on some processors.
      // `InnerLoopTests` compares in double precision.
      #expect(checkpointed.error < 1e-4)
      #expect(checkpointed.bytes < unrolled.bytes / 2)
      #expect(try estimator("first order").error > 1e-3)
    }
  }
}
