import Argmin
import Foundation
import Testing
import _TestSupport

/// Losses, estimators and models on problems with known answers.
@Suite struct AmortizerTrainingTests {
  private let contexts = Contexts("normal") { $1.normal([$0, 2]) }

  private func circleModel(_ key: RandomKey) -> Predictor<CircleProblem, MLP> {
    Predictor(MLP([2, 32, 2], key: key, dtype: .float64), of: CircleProblem()) {
      network, x, problem in problem.point(at: network(x), for: x)
    }
  }

  /// A fully amortized model by its objective, on contexts that it has never seen.
  @Test func circle() throws {
    let keys = RandomKey(seed: 1).split(into: 3)
    var model = circleModel(keys[0])
    let report = try Trainer(Adam(learningRate: 3e-3), for: .steps(1500)).train(
      &model, of: CircleProblem(), over: contexts.batches(of: 64, key: keys[1]), loss: .objective)
    #expect(report.status == .finished)
    let test = contexts.sample(500, key: keys[2])
    let predicted = model(test, of: CircleProblem())
    let exact = CircleProblem().point(at: test, for: test)
    let gap =
      CircleProblem().value(of: predicted, for: test)
      - CircleProblem().value(of: exact, for: test)
    #expect(gap.mean().item < 0.01 && gap.min().item > -1e-9)
  }

  /// Regression, and a mixture of losses with weights.
  @Test func regressionAndMixtures() throws {
    let keys = RandomKey(seed: 2).split(into: 3)
    let x = contexts.sample(256, key: keys[0])
    let labels = CircleProblem().point(at: x, for: x)
    let batches = DataLoader(Pair(x, labels), batchSize: 64, shuffledBy: keys[1])
    var model = circleModel(keys[2])
    typealias Loss = AmortizationLoss<Predictor<CircleProblem, MLP>, Tensor>
    let before = square(model(x, of: CircleProblem()) - labels).mean().item
    try Trainer(Adam(learningRate: 3e-3), for: .epochs(100)).train(
      &model, of: CircleProblem(), over: batches, loss: Loss.regression + Loss.objective * 0.1)
    #expect(square(model(x, of: CircleProblem()) - labels).mean().item < 0.02 * before)
  }

  private typealias Quadratic = GradientRefined<Predictor<ScaledQuadratic, Tensor>>

  private func refined(steps: Int) -> Quadratic {
    GradientRefined(
      Predictor(Tensor([0.3, -0.2]), of: ScaledQuadratic()) { start, x, _ in
        start + Tensor.zeros(x.shape)
      }, steps: steps, rate: 0.1)
  }

  private func slope(
    _ estimator: Estimator, steps: Int = 4,
    _ loss: AmortizationLoss<Quadratic, EmptyStructure> = .objective
  ) -> [Double] {
    let x = Tensor([[1, 2], [-1, 0.5]])
    let batch = Pair(x, EmptyStructure())
    return gradient(at: refined(steps: steps)) {
      loss.mean($0, ScaledQuadratic(), batch, estimator, steps: nil, RandomKey(seed: 0))
    }.leafScalars
  }

  /// For ½ |y - 2x|² each step multiplies the distance by 1 - α, so everything is known.
  @Test func estimatorsOnAQuadratic() {
    let exact = slope(.unrolled)
    // d/dy₀ of the mean of ½ (1 - α)^(2K) |y₀ - 2x|².
    let contraction = (0..<8).reduce(1.0) { product, _ in product * 0.9 }
    #expect(isClose(Array(exact[..<2]), [0.3 * contraction, -2.7 * contraction]).holds)
    #expect(isClose(slope(.checkpointed()), exact).holds)
    #expect(isClose(slope(.truncated(every: 4)), exact).holds)
    // First order: the gradient is a constant, so the start's derivative is not damped by the steps.
    let power = (0..<4).reduce(1.0) { product, _ in product * 0.9 }
    #expect(isClose(Array(slope(.firstOrder)[..<2]), [0.3 * power, -2.7 * power]).holds)
    // Truncated after every step: nothing reaches the start.
    #expect(Array(slope(.truncated(every: 2))[..<2]) == [0, 0])
    #expect(Array(slope(.lastSteps(2))[..<2]) == [0, 0])
    // Summed with discount 1: the mean over the five states.
    let summed = slope(.unrolled, .objective.summed())
    let mean = (0...4).reduce(0.0) { sum, k in
      sum + (0..<2 * k).reduce(1.0) { product, _ in product * 0.9 } / 5
    }
    #expect(isClose(Array(summed[..<2]), [0.3 * mean, -2.7 * mean]).holds)
    #expect(isClose(slope(.unrolled, .objective.summed(discount: 0)), exact).holds)
  }

  /// The proximal minimizer of ½ |y - 2x|² + λ/2 |y - y₀|² is (2x + λ y₀) / (1 + λ).
  @Test func implicitEstimator() {
    let strength = 2.0
    let result = slope(.implicit(proximalStrength: strength), steps: 400)
    // The loss is evaluated where the steps ended, at 2x, where its slope vanishes.
    #expect(result[..<2].allSatisfy { abs($0) < 1e-6 })
    let few = slope(.implicit(proximalStrength: strength), steps: 1)
    let share = strength / (1 + strength)
    #expect(isClose(Array(few[..<2]), [0.9 * 0.3 * share, -0.9 * 2.7 * share]).holds)
  }

  @Test func evolutionStrategiesPointDownhill() throws {
    let (_, estimate) = evolutionStrategies(
      at: Tensor([1.0, -2]), standardDeviation: 0.01, pairs: 4000, key: RandomKey(seed: 3)
    ) { square($0).sum() }
    #expect(isClose(estimate.scalars, [2, -4], relativeTolerance: 0.08).holds)
    var model = refined(steps: 2)
    let problem = ScaledQuadratic()
    try Trainer(Adam(learningRate: 0.05), for: .steps(200)).train(
      &model, of: problem, over: contexts.batches(of: 16, key: RandomKey(seed: 4)),
      loss: .objective, estimator: .evolutionStrategies(standardDeviation: 0.02, pairs: 4))
    let x = contexts.sample(200, key: RandomKey(seed: 5))
    let trained = problem.value(of: model(x, of: problem), for: x).mean().item
    let untrained = problem.value(of: refined(steps: 2)(x, of: problem), for: x).mean().item
    #expect(trained < 0.5 * untrained)
  }

  /// Model and problem by the same loss: with labels that the problem makes, both are recovered.
  @Test func problemsWithParameters() throws {
    struct Linear2: Amortizer {
      var factor = Tensor(0.1)
      func initial(_ oracle: Oracle<ScaledQuadratic>) -> Tensor { oracle.context * factor }
      mutating func visitTensors(_ visit: inout TensorVisitor) { visit("factor", &factor) }
    }
    var model = Linear2()
    var problem = ScaledQuadratic()
    let anchored = AmortizationLoss<Linear2, EmptyStructure> { iterate, _ in
      iterate.oracle.value(of: iterate.point)
        + square(iterate.oracle.problem.scale - 3) * Tensor.ones([iterate.oracle.items])
    }
    try Trainer(Adam(learningRate: 0.02), for: .steps(1500)).train(
      &model, andProblem: &problem, over: contexts.batches(of: 32, key: RandomKey(seed: 6)),
      loss: anchored)
    #expect(abs(model.factor.item - 3) < 0.02 && abs(problem.scale.item - 3) < 0.02)
  }

  @Test func candidatesAreBatched() {
    let oracle = Oracle(ScaledQuadratic(), Tensor([[1, 0], [0, 1]]))
    let candidates = Tensor([2.0, 0, 0, 0, 1, 0, 0, 2, 1, 2, 0, 0], shape: [2, 3, 2])
    let values = oracle.values(ofCandidates: candidates)
    #expect(values.shape == [2, 3] && values.scalars == [0, 2, 0.5, 0, 0.5, 2])
    #expect(oracle.gradient(at: Tensor([[0, 0], [0, 0]])).scalars == [-2, 0, 0, -2])
  }

  /// Interrupted and gone on, the training ends with the same bits.
  @Test func resumption() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "argmin-resumption-\(UInt64.random(in: 0 ... .max))")
    defer { try? FileManager.default.removeItem(at: folder) }
    func train(_ model: inout Quadratic, steps: Int, identity: String? = "test") throws {
      let trainer = Trainer(
        Adam(learningRate: 0.01), for: .steps(steps),
        checkpoints: identity.map { TrainingCheckpoints(folder, every: 10, identity: $0) })
      try trainer.train(
        &model, of: ScaledQuadratic(),
        over: contexts.batches(of: 8, perEpoch: 7, key: RandomKey(seed: 7)), loss: .objective)
    }
    var whole = refined(steps: 2)
    try train(&whole, steps: 45, identity: nil)
    var first = refined(steps: 2)
    try train(&first, steps: 24)
    var second = refined(steps: 2)
    try train(&second, steps: 45)
    #expect(second.leafScalars == whole.leafScalars && first.leafScalars != whole.leafScalars)
    var foreign = refined(steps: 2)
    #expect(throws: TensorFileError.self) { try train(&foreign, steps: 50, identity: "other") }
  }

  /// Players change their own parts only, each in its turn.
  @Test func players() throws {
    typealias Game = Pair<Tensor, Tensor>
    var game = Game(Tensor(5), Tensor(-3))
    let players: [Player<Game, Pair<Tensor, EmptyStructure>>] = [
      Player("down", \.first, by: SGD(learningRate: 0.1)) { game, _, _ in square(game.first) },
      // Follows the first one.
      Player("follower", \.second, by: SGD(learningRate: 0.2), every: 2) { game, _, _ in
        square(game.second - game.first)
      },
    ]
    let batches = contexts.batches(of: 1, key: RandomKey(seed: 8))
    try Trainer(SGD(learningRate: 0), for: .steps(1)).train(&game, players: players, on: batches)
    #expect(isClose(game.first.item, 4).holds && isClose(game.second.item, -0.2).holds)
    // Interrupted after an odd number of steps, the turns go on where they were.
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "argmin-players-\(UInt64.random(in: 0 ... .max))")
    defer { try? FileManager.default.removeItem(at: folder) }
    var (whole, parts) = (game, game)
    let kept = TrainingCheckpoints(folder, identity: "players")
    try Trainer(SGD(learningRate: 0), for: .steps(7)).train(&whole, players: players, on: batches)
    for steps in [3, 7] {
      try Trainer(SGD(learningRate: 0), for: .steps(steps), checkpoints: kept).train(
        &parts, players: players, on: batches)
    }
    #expect(parts.leafScalars == whole.leafScalars)
    try Trainer(SGD(learningRate: 0), for: .steps(200)).train(&game, players: players, on: batches)
    #expect(abs(game.first.item) < 1e-6 && abs(game.second.item) < 1e-3)
  }
}
