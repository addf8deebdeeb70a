import Argmin

/// A way of learning initial weights from which a few steps of gradient descent solve a new task.
package struct MetaLearner: Sendable {
  package let name: String
  /// How many inner steps the training looks through; 0 trains one network on all tasks at once.
  package let steps: Int
  /// The inner learning rate in training.
  package let learningRate: Double
  package let estimator: GradientEstimator
  /// The weight decay of the outer optimizer.
  package let weightDecay: Double
  /// The share of the iterations that it gets, so that all methods take about the same time.
  package let iterationShare: Double

  package init(
    _ name: String, steps: Int, learningRate: Double = 0.01,
    estimator: GradientEstimator = .unrolled, weightDecay: Double = 0, iterationShare: Double = 1
  ) {
    self.name = name
    self.steps = steps
    self.learningRate = learningRate
    self.estimator = estimator
    self.weightDecay = weightDecay
    self.iterationShare = iterationShare
  }

  /// The strength of iMAML's proximal term.
  package static let proximalStrength = 10.0

  /// The methods that are compared.
  ///
  /// The implicit estimator doesn't see whether descent at the given rate is stable, as the others do, and
  /// the weights grow until it isn't; hence its decay and smaller rate.
  package static let all: [MetaLearner] = [
    MetaLearner("pretrained on all tasks", steps: 0),
    MetaLearner("MAML", steps: 1),
    MetaLearner("MAML, 5 steps", steps: 5, iterationShare: 0.5),
    MetaLearner("first-order MAML", steps: 1, estimator: .firstOrder),
    MetaLearner("first-order, 5 steps", steps: 5, estimator: .firstOrder, iterationShare: 0.5),
    MetaLearner(
      "implicit MAML", steps: 16, learningRate: 0.005,
      estimator: .implicit(
        solver: .conjugateGradients(relativeTolerance: 1e-3, maximumIterations: 5),
        proximalStrength: proximalStrength), weightDecay: 0.5, iterationShare: 0.25),
  ]

  /// A network 1-40-40-1 with relu, with the small weights of the published code: wider ones make ten steps of
  /// descent at the published rate diverge on inputs up to 5.
  package static func initialNetwork(key: RandomKey) -> MLP {
    MLP(
      [1, 40, 40, 1],
      initializer: Initializer { shape, _, _, key, dtype in
        key.truncatedNormal(shape, dtype: dtype) * 0.01
      }, key: key)
  }

  /// The mean query error after the inner steps, as a function of the initial weights.
  package func loss(_ network: MLP, _ tasks: SinusoidTasks) -> Tensor {
    let initial = network.repeated(tasks.count)
    let loop = InnerLoop(
      SGD(learningRate: learningRate), steps: steps, estimator: estimator, isBatched: true)
    let adapted = loop(from: initial, with: tasks) { $0.supportErrors($1).sum() }
    return adapted.parameters.queryErrors(tasks).mean()
  }

  /// Trains initial weights: every iteration takes new tasks and makes a step of Adam
  /// with the gradient clipped to a norm of 10.
  ///
  /// - Parameter progress: called with the share of the iterations that is done.
  package func train(
    _ network: MLP, shots: Int, iterations: Int, tasksPerStep: Int = 25, key: RandomKey,
    progress: (Double) -> Void = { _ in }
  ) -> MLP {
    var network = network
    let optimizer = AdamW(learningRate: 1e-3, weightDecay: weightDecay)
    var state = optimizer.initialState(for: network)
    for iteration in 0..<iterations {
      let tasks = SinusoidTasks(
        count: tasksPerStep, shots: shots, queries: shots, key: key.folded(in: iteration))
      let gradient = gradient(at: network) { loss($0, tasks) }.clipped(globalNorm: 10)
      // A task on which descent diverged teaches nothing.
      guard gradient.leaves.allSatisfy(\.isFinite) else { continue }
      optimizer.update(&network, gradient: gradient, state: &state)
      if iteration % 100 == 0 { progress(Double(iteration) / Double(iterations)) }
    }
    return network
  }

  /// The query errors of each task after some numbers of steps of gradient descent on its given points.
  ///
  /// - Returns: for each of the ascending `steps` the errors `[B]`.
  package static func errors(
    _ network: MLP, _ tasks: SinusoidTasks, afterSteps steps: [Int], learningRate: Double = 0.01
  ) -> [Tensor] {
    var weights = network.repeated(tasks.count)
    var done = 0
    return steps.map { step in
      let loop = InnerLoop(SGD(learningRate: learningRate), steps: step - done)
      weights = loop(from: weights, with: tasks) { $0.supportErrors($1).sum() }.parameters
      done = step
      return weights.queryErrors(tasks)
    }
  }
}
