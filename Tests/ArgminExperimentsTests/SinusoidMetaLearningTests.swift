import Argmin
import ArgminExperiments
import Foundation
import Testing

@Suite struct SinusoidMetaLearningTests {
  @Test func tasksAreSinusoids() {
    let tasks = SinusoidTasks(count: 50, shots: 5, queries: 7, key: RandomKey(seed: 1))
    #expect(tasks.inputs.shape == [50, 5, 1] && tasks.queryValues.shape == [50, 7, 1])
    #expect(abs(tasks.inputs).max().item <= 5 && abs(tasks.values).max().item <= 5)
    // Five unknowns' worth of points lie on one sinusoid: y = a sin x + b cos x.
    let x = tasks.inputs.asType(.float64)
    let basis = concatenate([sin(x), cos(x)], axis: 2)
    let y = tasks.values.asType(.float64)
    let normal = matmul(basis, basis, transposeA: true)
    let coefficients = try! solve(normal, matmul(basis, y, transposeA: true))
    #expect(abs(matmul(basis, coefficients) - y).max().item < 1e-3)
  }

  @Test func aStepOfAdaptationIsDescent() {
    let network = MLP([1, 8, 8, 1], key: RandomKey(seed: 3))
    let tasks = SinusoidTasks(count: 4, shots: 10, queries: 20, key: RandomKey(seed: 2))
    let errors = MetaLearner.errors(network, tasks, afterSteps: [0, 1], learningRate: 1e-3)
    let expected = network.repeated(4).queryErrors(tasks)
    #expect(errors[0].hasSameElements(as: expected))
    // Every task by itself.
    var alone: [Double] = []
    for item in 0..<4 {
      let task = tasks.mapLeaves { $0.slice(axis: 0, item..<item + 1) }
      alone.append(
        MetaLearner.errors(network, task, afterSteps: [1], learningRate: 1e-3)[0].item)
    }
    #expect(zip(alone, errors[1].scalars).allSatisfy { abs($0 - $1) < 1e-4 * (1 + abs($0)) })
  }

  @Test func aShortTrainingLearnsToLearn() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    let learners = [
      MetaLearner("pretrained on all tasks", steps: 0), MetaLearner("MAML", steps: 1),
    ]
    _ = try SinusoidMetaLearning(iterations: 2500, shots: [10], learners: learners)
      .run(output: folder, seed: 1) { _, _ in }
    let parsed = try JSONSerialization.jsonObject(
      with: Data(contentsOf: folder.appendingPathComponent("results.json")))
    let results = try #require(parsed as? [String: Any])
    let methods = try #require(results["methods"] as? [[String: Any]])
    func errors(_ name: String) throws -> [Double] {
      try #require(methods.first { $0["name"] as? String == name }?["errors"] as? [Double])
    }
    let meta = try errors("MAML")
    // Ten steps on ten points halve the error at least, which weights trained on all tasks do not reach.
    #expect(meta[3] < 0.5 * meta[0])
    #expect(try meta[3] < errors("pretrained on all tasks")[3])
    #expect(try meta[3] < 0.5 * errors("random weights")[3])
    let comparisons = try #require(results["estimators"] as? [[String: Any]])
    let measurements = try #require(comparisons[0]["measurements"] as? [[String: Any]])
    let checkpointed = try #require(
      measurements.first { $0["estimator"] as? String == "checkpointed" })
    #expect(try #require(checkpointed["relativeError"] as? Double) < 1e-4)
  }
}
