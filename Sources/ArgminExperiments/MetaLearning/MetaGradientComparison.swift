import Argmin

/// The gradient of the query error with respect to the initial weights by every estimator that has one.
struct MetaGradientComparison {
  let network: MLP
  let tasks: SinusoidTasks
  /// Inner steps.
  var steps = 10
  var learningRate = 0.01
  var proximalStrength = MetaLearner.proximalStrength
  /// Inner steps of the proximal problem, which the implicit estimator wants solved.
  var proximalSteps = 100

  /// For the steps of MAML, and for the proximal problem of iMAML, each against its full unroll.
  var comparisons: [EstimatorComparison] {
    [
      EstimatorComparison(
        title: "the gradient for the initial weights through \(steps) inner steps (\(tasks.count) "
          + "tasks), against the full unroll",
        measurements: [
          measurement("unrolled", .unrolled), measurement("checkpointed", .checkpointed()),
          measurement("first order", .firstOrder),
        ]),
      EstimatorComparison(
        title: "the same at the solution of the proximal problem (strength \(proximalStrength)), "
          + "against the unroll of \(proximalSteps) steps",
        measurements: [
          proximal("unrolled", .unrolled), proximal("checkpointed", .checkpointed()),
          proximal("first order", .firstOrder),
          proximal(
            "implicit, conjugate gradients",
            .implicit(
              solver: .conjugateGradients(relativeTolerance: 1e-6, maximumIterations: 100),
              proximalStrength: proximalStrength)),
          proximal(
            "implicit, 5 conjugate gradients",
            .implicit(
              solver: .conjugateGradients(relativeTolerance: 1e-6, maximumIterations: 5),
              proximalStrength: proximalStrength)),
          proximal(
            "implicit, 60 Neumann terms",
            .implicit(
              solver: .neumann(terms: 60, step: 0.004), proximalStrength: proximalStrength)),
        ]),
    ]
  }

  private func measurement(_ name: String, _ estimator: GradientEstimator) -> EstimatorMeasurement {
    EstimatorMeasurement(name) {
      let learner = MetaLearner(
        name, steps: steps, learningRate: learningRate, estimator: estimator)
      return gradient(at: network) { learner.loss($0, tasks) }.leafScalars
    }
  }

  /// The other estimators get the proximal term as a part of the inner loss.
  private func proximal(_ name: String, _ estimator: GradientEstimator) -> EstimatorMeasurement {
    let strength = proximalStrength
    let isImplicit = if case .implicit = estimator { true } else { false }
    let loop = InnerLoop(
      SGD(learningRate: learningRate / 2), steps: proximalSteps, estimator: estimator,
      isBatched: true)
    return EstimatorMeasurement(name, repetitions: 2) {
      gradient(at: network) { network in
        let initial = network.repeated(tasks.count)
        return loop(from: initial, with: Pair(tasks, initial)) { weights, context in
          let loss = weights.supportErrors(context.first).sum()
          if isImplicit { return loss }
          return zip(weights.leaves, context.second.leaves).reduce(loss) {
            $0 + square($1.0 - $1.1).sum() * (strength / 2)
          }
        }.parameters.queryErrors(tasks).mean()
      }.leafScalars
    }
  }
}
