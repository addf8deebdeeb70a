import Argmin
import ArgminExperiments
import Foundation
import Testing

@Suite struct HyperparameterLearningTests {
  @Test func areaUnderCurveOfKnownOrders() {
    #expect(areaUnderCurve([3, 4], over: [1, 2]) == 1)
    #expect(areaUnderCurve([1, 2], over: [3, 4]) == 0)
    #expect(areaUnderCurve([1, 3], over: [2, 2]) == 0.5)
    #expect(areaUnderCurve([1], over: [1]) == 0.5)
  }

  @Test func labelsAreWrongWhereTheyShould() throws {
    let data = try CorruptedDigits(
      training: 100, validation: 50, wrongShare: 0.3, key: RandomKey(seed: 1))
    #expect(data.wrongCount == 30 && data.count == 100 && data.test.count == 1647)
    let right = data.few(100).targets
    let agreeing = (right * data.corrupted.targets).sum(axis: 1).scalars
    for (isWrong, agrees) in zip(data.isWrong, agreeing) { #expect(isWrong == (agrees == 0)) }
    #expect(data.onlyRight.pixels.shape == [70, 64])
  }

  /// Both exact estimators against a difference of whole trainings.
  @Test func gradientsThroughTrainingAgreeWithDifferences() throws {
    let data = try CorruptedDigits(
      training: 40, validation: 30, wrongShare: 0.3, key: RandomKey(seed: 2))
    var problem = HyperparameterProblem(training: data.corrupted, validation: data.validation)
    problem.steps = 400
    let point = problem.equalHyperparameters(strength: 0.1)
    let direction = Hyperparameters(
      sampleLogits: RandomKey(seed: 3).normal([40]), logStrengths: RandomKey(seed: 4).normal([64]))
    func loss(_ step: Double) -> Double {
      let moved = point.zipLeaves(direction) { $0 + $1 * step }
      return problem.validationLoss(problem.train(moved).parameters).item
    }
    let slope = (loss(1e-4) - loss(-1e-4)) / 2e-4
    for estimator in [GradientEstimator.checkpointed(), .implicit()] {
      let gradient = gradient(at: point) {
        problem.validationLoss(problem.train($0, estimator: estimator).parameters)
      }
      let product = zip(gradient.leafScalars, direction.leafScalars).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(abs(product - slope) < 1e-4 * abs(slope) + 1e-7)
    }
  }

  @Test func aShortRunSeparatesWrongLabels() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    _ = try HyperparameterLearning(outerSteps: 12, trainingCount: 200)
      .run(output: folder, seed: 1) { _, _ in }
    let parsed = try JSONSerialization.jsonObject(
      with: Data(contentsOf: folder.appendingPathComponent("results.json")))
    let results = try #require(
      (parsed as? [String: Any])?["results"] as? [[String: Any]])
    func number(_ task: String, _ name: String, _ key: String) throws -> Double {
      let item = results.first {
        $0["task"] as? String == task && ($0["hyperparameters"] as? String)?.hasPrefix(name) == true
      }
      return try #require(item?[key] as? Double)
    }
    for name in ["learned, checkpointed", "learned, implicit"] {
      #expect(try number("samples", name, "areaUnderCurve") > 0.75)
      #expect(
        try number("samples", name, "testAccuracy") > number("samples", "equal", "testAccuracy"))
      #expect(
        try number("pixels", name, "validationLoss") < number("pixels", "one", "validationLoss"))
    }
  }
}
