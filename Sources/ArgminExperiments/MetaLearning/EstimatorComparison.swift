import Argmin

/// What each way of going back through an inner loop costs and how far its gradient is from the exact one.
struct EstimatorComparison: Sendable {
  struct Entry: Sendable {
    let name: String
    /// The cosine of the angle with the exact gradient.
    let cosine: Double
    /// The length of the difference, relative to the exact gradient.
    let relativeError: Double
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
          proximalStrength: 2)
      ),
      (
        "implicit, Neumann",
        .implicit(solver: .neumann(terms: 5, step: 0.1), proximalStrength: 2)
      ),
    ]
  }

  /// Gradients of the error after so many steps with respect to the weights before them.
  ///
  /// The implicit ones are those of another loop, whose inner loss has a proximal term.
  init(_ network: MLP, shots: Int, steps: Int, seed: UInt64) {
    let tasks = SinusoidTasks(MetaLearner.tasksPerStep, key: RandomKey(seed: seed))
    let support = tasks.points(shots, draw: 0)
    let query = tasks.points(shots, draw: 1)
    func slope(_ estimator: GradientEstimator) -> [Double] {
      gradient(at: network) {
        MetaLearner.lossAfterAdaptation(
          $0, MetaLearner.loop(estimator, steps: steps), support: support, query: query)
      }.leafScalars
    }
    let exact = slope(.unrolled)
    self.steps = steps
    entries = Self.estimators(steps).map { name, estimator in
      let before = TensorMemory.liveBytes
      TensorMemory.resetPeak()
      let estimate = slope(estimator)
      let bytes = TensorMemory.peakBytes - before
      var best = Double.infinity
      for _ in 0..<5 {
        let start = ContinuousClock.now
        _ = slope(estimator)
        best = min(best, (ContinuousClock.now - start) / .milliseconds(1))
      }
      let difference = zip(estimate, exact).map { $0 - $1 }
      return Entry(
        name: name, cosine: inner(estimate, exact) / (length(estimate) * length(exact)),
        relativeError: length(difference) / length(exact), bytes: bytes, milliseconds: best)
    }
  }
}

private func inner(_ a: [Double], _ b: [Double]) -> Double {
  zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
}

private func length(_ a: [Double]) -> Double { inner(a, a).squareRoot() }
