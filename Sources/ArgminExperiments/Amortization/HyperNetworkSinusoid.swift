import Argmin
import Foundation
import ProblemFiles

/// The weights of a network that fits a sinusoid, predicted from ten of its points by a hypernetwork (Ha, Dai and Le
/// 2017), against MAML, which learns one start for gradient steps (Finn, Abbeel and Levine 2017), and training from
/// nothing.
public struct HyperNetworkSinusoid: Experiment {
  public let name = "hypernets-sinusoid"
  public let summary =
    "a network's weights predicted from ten points by a hypernetwork, against MAML"
  var steps = 6000
  let shots = 10
  let testTasks = 500

  public init() {}

  /// A shorter form, for tests.
  package init(steps: Int) { self.steps = steps }

  /// Fitting a task: the objective is the error on the points that are given.
  struct FittingProblem: ParametricProblem {
    /// Points that are given and points that are asked for, each x and y of `[tasks, points, 1]`.
    typealias Context = Pair<Pair<Tensor, Tensor>, Pair<Tensor, Tensor>>

    func value(of network: MLP, for context: Context) -> Tensor {
      taskErrors(network, context.first)
    }

    func queryError(of network: MLP, for context: Context) -> Tensor {
      taskErrors(network, context.second)
    }
  }

  /// The hypernetwork: features of the set of points, then all weights.
  struct HyperModel: Amortizer {
    typealias Problem = FittingProblem
    var encoder: DeepSets<MLP, MLP>
    var hyper: HyperNetwork<MLP, MLP>

    init(key: RandomKey) {
      let keys = key.split(into: 5)
      encoder = DeepSets(phi: MLP([2, 64, 128], key: keys[0]), rho: MLP([128, 128], key: keys[1]))
      hyper = HyperNetwork(
        making: MLP(MetaLearner.sizes, key: keys[2]),
        from: MLP([128, 128], outputActivation: .relu, key: keys[3]),
        features: 128, key: keys[4])
    }

    func initial(_ oracle: Oracle<FittingProblem>) -> MLP {
      let given = oracle.context.first
      return hyper(encoder(concatenate([given.first, given.second], axis: -1)))
    }

    mutating func visitTensors(_ visit: inout TensorVisitor) {
      visit("encoder", &encoder)
      visit("hyper", &hyper)
    }
  }

  private static func tasks(_ shots: Int) -> Contexts<FittingProblem.Context> {
    Contexts("sinusoids") { count, key in
      let tasks = SinusoidTasks(count, key: key)
      return Pair(tasks.points(shots, draw: 0), tasks.points(shots, draw: 1))
    }
  }

  private func train<Model: Amortizer>(
    _ model: inout Model, steps: Int, rate: Double, _ key: RandomKey,
    _ watch: @escaping @Sendable (TrainingProgress) -> Bool
  ) throws -> Double where Model.Problem == FittingProblem {
    let start = ContinuousClock.now
    let query = AmortizationLoss<Model, EmptyStructure> { iterate, _ in
      iterate.oracle.problem.queryError(of: iterate.point, for: iterate.oracle.context)
    }
    try Trainer(
      Adam(learningRate: rate), for: .steps(steps), schedule: .cosine(peak: rate, total: steps),
      clipping: .globalNorm(10), progress: watch
    ).train(
      &model, of: FittingProblem(), over: Self.tasks(shots).batches(of: 25, key: key), loss: query
    ).requireFinished()
    return (ContinuousClock.now - start) / .seconds(1)
  }

  public func run(
    output: URL, seed: UInt64, progress: ExperimentProgress
  ) throws -> ExperimentResults {
    var folder = try OutputFolder(output)
    let keys = RandomKey(seed: seed).split(into: 5)
    let problem = FittingProblem()
    var hyper = HyperModel(key: keys[0])
    let hyperSeconds = try withProgress(progress, "hypernetwork", of: steps, to: 0.5) {
      try train(&hyper, steps: steps, rate: 1e-3, keys[1], $0)
    }
    var maml = GradientRefined(
      Predictor(MLP(MetaLearner.sizes, key: keys[2]), of: problem) { network, context, _ in
        network.repeated(context.first.first.shape[0])
      }, steps: 5, rate: 0.01, largestNorm: 10)
    let mamlSeconds = try withProgress(progress, "MAML", of: steps, from: 0.5, to: 0.9) {
      try train(&maml, steps: steps, rate: 1e-3, keys[1], $0)
    }
    progress(0.9, "training from nothing")
    let test = Contexts<FittingProblem.Context>("sinusoids") { count, key in
      let tasks = SinusoidTasks(count, key: key)
      return Pair(tasks.points(shots, draw: 0), tasks.points(100, draw: 1))
    }.sample(testTasks, key: keys[3])
    func error(_ network: MLP) -> (mean: Double, margin: Double) {
      let errors = problem.queryError(of: network, for: test).scalars
      let mean = errors.reduce(0, +) / Double(errors.count)
      let variance = errors.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(errors.count - 1)
      return (mean, 1.96 * (variance / Double(errors.count)).squareRoot())
    }
    var rows = [
      (
        "hypernetwork, no steps", error(hyper(test, of: problem)), hyper.leafScalarCount,
        hyperSeconds
      ),
      ("MAML, 1 step", error(maml(test, of: problem, steps: 1)), maml.leafScalarCount, mamlSeconds),
      ("MAML, 5 steps", error(maml(test, of: problem)), maml.leafScalarCount, mamlSeconds),
      (
        "MAML, 10 steps", error(maml(test, of: problem, steps: 10)), maml.leafScalarCount,
        mamlSeconds
      ),
    ]
    // Each task by itself, from the same random weights.
    let oracle = Oracle(problem, test)
    let optimizer = Adam(learningRate: 1e-2)
    var network = MLP(MetaLearner.sizes, key: keys[4]).repeated(testTasks)
    var state = optimizer.initialState(for: network)
    var made = 0
    for count in [10, 100, 500] {
      while made < count {
        optimizer.update(&network, gradient: oracle.gradient(at: network), state: &state)
        made += 1
      }
      rows.append(("from nothing, \(count) steps of Adam", error(network), 0, 0))
    }
    var table = ResultTable(
      title: "mean squared error on \(testTasks) sinusoids never seen, \(shots) points given",
      columns: [.init("", .left), .init("error"), .init("parameters"), .init("training s")])
    for (title, error, parameters, seconds) in rows {
      table.append([
        title,
        error.mean < 1e4 ? String(format: "%.3f ± %.3f", error.mean, error.margin) : "diverged",
        parameters > 0 ? "\(parameters)" : "", seconds > 0 ? String(format: "%.1f", seconds) : "",
      ])
    }
    var answer = ExperimentResults(
      lines: table.lines + [
        "training    \(steps) steps of Adam, 25 fresh tasks each; MAML learns its rates too",
        "published   MAML about 0.2 to 0.4 after 1 to 5 steps with 10 points (Finn et al. 2017, 70000 steps)",
      ])
    try folder.writeResults(of: name, seed: seed, list: "methods", rows) { entry, json in
      let (title, error, parameters, seconds) = entry
      json.write(title, for: "name")
      json.write(error.mean, for: "error")
      json.write(parameters, for: "parameters")
      json.write(seconds, for: "trainingSeconds")
    }
    answer.files = folder.files
    progress(1, "")
    return answer
  }
}
