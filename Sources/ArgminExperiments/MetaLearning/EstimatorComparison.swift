import Argmin

/// What each way of going back through an inner loop costs and how far its gradient is from the exact one.
struct EstimatorComparison: Sendable {
  struct Entry: Sendable {
    let name: String
    /// Of the gradient with respect to the initial weights: the cosine of the angle with the exact one, nil
    /// for a gradient of zero, and the length of the difference relative to the exact one.
    let cosine: Double?
    let relativeError: Double
    /// The relative error of the derivative with respect to the inner learning rate.
    let rateError: Double
    /// The most memory of tensors at once, less what was there before.
    let bytes: Int
    let milliseconds: Double
  }

  let steps: Int
  let entries: [Entry]

  private static func estimators(_ steps: Int) -> [(name: String, estimator: GradientEstimator)] {
    [
      ("unrolled", .unrolled), ("checkpointed", .checkpointed()),
      ("truncated every 5", .truncated(every: 5)), ("last step", .lastSteps(1)),
      ("first order", .firstOrder),
      (
        "implicit, conjugate gradients",
        .implicit(
          solver: .conjugateGradients(relativeTolerance: 1e-2, maximumIterations: 5),
          proximalStrength: MetaLearner.proximalStrength)
      ),
      (
        "implicit, Neumann",
        .implicit(
          solver: .neumann(terms: 20, step: 0.01), proximalStrength: MetaLearner.proximalStrength)
      ),
    ]
  }

  /// Gradients of the error after so many steps with respect to the weights before them and to their rate.
  ///
  /// The implicit ones are those of another loop, whose inner loss has a proximal term.
  init(_ network: MLP, shots: Int, steps: Int, seed: UInt64) {
    let tasks = SinusoidTasks(MetaLearner.tasksPerStep, key: RandomKey(seed: seed))
    let support = tasks.points(shots, draw: 0)
    let query = tasks.points(shots, draw: 1)
    func slope(_ estimator: GradientEstimator) -> (weights: [Double], rate: Double) {
      let (weights, loop) = gradient(
        at: network, MetaLearner.loop(estimator, steps: steps)
      ) { network, loop in
        MetaLearner.lossAfterAdaptation(network, loop, support: support, query: query)
      }
      return (weights.leafScalars, loop.optimizer.learningRate.item)
    }
    let exact = slope(.unrolled)
    self.steps = steps
    entries = Self.estimators(steps).map { name, estimator in
      let measurement = Measurement { slope(estimator) }
      let estimate = measurement.result
      var best = Double.infinity
      for _ in 0..<5 {
        let start = ContinuousClock.now
        _ = slope(estimator)
        best = min(best, (ContinuousClock.now - start) / .milliseconds(1))
      }
      let difference = zip(estimate.weights, exact.weights).map { $0 - $1 }
      let size = length(estimate.weights)
      return Entry(
        name: name,
        cosine: size > 0
          ? inner(estimate.weights, exact.weights) / (size * length(exact.weights)) : nil,
        relativeError: length(difference) / length(exact.weights),
        rateError: abs(estimate.rate - exact.rate) / abs(exact.rate), bytes: measurement.bytes,
        milliseconds: best)
    }
  }
}

private func inner(_ a: [Double], _ b: [Double]) -> Double {
  zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
}

private func length(_ a: [Double]) -> Double { inner(a, a).squareRoot() }
