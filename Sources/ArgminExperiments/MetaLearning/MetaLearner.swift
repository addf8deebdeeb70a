import Argmin

/// A way to find initial weights.
struct MetaLearner: Sendable {
  /// What the weights are trained for.
  enum Objective: Sendable {
    /// Nothing: random weights.
    case none
    /// The error on points of all tasks, without adaptation: what a pretrained network is.
    case pretraining
    /// The error after adaptation.
    case adaptation(InnerLoop<SGD>)
  }

  let name: String
  let objective: Objective
  /// The rate of the steps by which its networks adapt to a task.
  var rate = innerRate
  /// The weight decay of the training. The implicit gradient does not see whether the inner steps are stable;
  /// without decay the curvature grows until they diverge.
  var weightDecay = 0.0

  static let innerRate = 0.01
  /// Implicit MAML needs a loop that comes close to its minimizer: smaller steps, for the proximal term adds
  /// to the curvature, and more of them.
  static let implicitRate = 0.005
  static let implicitSteps = 16
  /// The strength of the proximal term of implicit MAML.
  static let proximalStrength = 10.0
  /// To which the norm of a training step's gradient is limited.
  static let largestNorm = 10.0
  static let sizes = [1, 40, 40, 1]
  static let tasksPerStep = 25

  static func loop(_ estimator: GradientEstimator, steps: Int, rate: Double = innerRate)
    -> InnerLoop<SGD>
  {
    InnerLoop(SGD(learningRate: rate), steps: steps, estimator: estimator, isBatched: true)
  }

  /// Those that are compared.
  static let all: [MetaLearner] = [
    MetaLearner(name: "random weights", objective: .none),
    MetaLearner(name: "pretrained", objective: .pretraining),
    MetaLearner(name: "MAML, 1 step", objective: .adaptation(loop(.unrolled, steps: 1))),
    MetaLearner(name: "MAML, 5 steps", objective: .adaptation(loop(.unrolled, steps: 5))),
    MetaLearner(
      name: "first-order MAML, 1 step", objective: .adaptation(loop(.firstOrder, steps: 1))),
    MetaLearner(
      name: "implicit MAML, \(implicitSteps) steps",
      objective: .adaptation(
        loop(
          .implicit(
            solver: .conjugateGradients(relativeTolerance: 1e-2, maximumIterations: 5),
            proximalStrength: proximalStrength), steps: implicitSteps, rate: implicitRate)),
      rate: implicitRate, weightDecay: 0.5),
  ]

  /// The loss of one step of training, on tasks that the key draws.
  func loss(_ network: MLP, shots: Int, key: RandomKey) -> Tensor? {
    let tasks = SinusoidTasks(Self.tasksPerStep, key: key)
    let query = tasks.points(shots, draw: 1)
    switch objective {
    case .none: return nil
    case .pretraining: return taskErrors(network.repeated(tasks.count), query).mean()
    case .adaptation(let loop):
      return Self.lossAfterAdaptation(
        network, loop, support: tasks.points(shots, draw: 0), query: query)
    }
  }

  /// The mean error on the query points of networks that adapted to the support points.
  static func lossAfterAdaptation(
    _ network: MLP, _ loop: InnerLoop<SGD>, support: Pair<Tensor, Tensor>,
    query: Pair<Tensor, Tensor>
  ) -> Tensor {
    let adapted = loop(
      from: network.repeated(query.first.shape[0]), with: support, loss: summedTaskErrors)
    return taskErrors(adapted.parameters, query).mean()
  }

  /// Weights after so many steps of Adam, and how many steps were left out because their gradient was not
  /// finite (an inner loop diverged); the same initial weights and tasks for every learner.
  func train(shots: Int, steps: Int, seed: UInt64, progress: (Double) -> Void)
    -> (network: MLP, leftOut: Int)
  {
    let keys = RandomKey(seed: seed).split(into: 2)
    var network = MLP(Self.sizes, key: keys[0])
    if case .none = objective { return (network, 0) }
    let optimizer = AdamW(learningRate: 1e-3, weightDecay: weightDecay)
    var state = optimizer.initialState(for: network)
    var leftOut = 0
    for step in 0..<steps {
      let gradient = gradient(at: network) {
        loss($0, shots: shots, key: keys[1].folded(in: step))!
      }
      if gradient.globalNorm.item.isFinite {
        let clipped = gradient.clipped(globalNorm: Self.largestNorm)
        optimizer.update(&network, gradient: clipped, state: &state)
      } else {
        leftOut += 1
      }
      if step % 100 == 0 { progress(Double(step) / Double(steps)) }
    }
    return (network, leftOut)
  }

  /// Errors of fresh tasks after each number of gradient steps: mean and half the width of its 95 %
  /// confidence interval.
  func evaluate(_ network: MLP, shots: Int, after counts: [Int], tasks count: Int)
    -> [(mean: Double, margin: Double)]
  {
    let tasks = SinusoidTasks(count, key: RandomKey(seed: 0xE7A1))
    let support = tasks.points(shots, draw: 0)
    let query = tasks.points(100, draw: 1)
    var networks = network.repeated(count)
    var made = 0
    return counts.map { target in
      networks =
        Self.loop(.unrolled, steps: target - made, rate: rate)(
          from: networks, with: support, loss: summedTaskErrors
        ).parameters
      made = target
      let errors = taskErrors(networks, query).scalars
      let mean = errors.reduce(0, +) / Double(count)
      let variance = errors.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count - 1)
      return (mean, 1.96 * (variance / Double(count)).squareRoot())
    }
  }
}
