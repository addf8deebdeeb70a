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
  /// Trainings of each method, from different random numbers and with different tasks.
  var repetitions = 3
  let shots = 10
  let testTasks = 500

  public init() {}

  /// A shorter form, for tests.
  package init(steps: Int, repetitions: Int) {
    self.steps = steps
    self.repetitions = repetitions
  }

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

  /// A method's errors on the test tasks, one for each repetition.
  private struct Row {
    let name: String
    var errors: [Double] = []
    let parameters: Int
    var seconds: [Double] = []

    var mean: Double { errors.reduce(0, +) / Double(errors.count) }

    /// The standard deviation over the repetitions.
    var deviation: Double {
      let squares = errors.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      return (squares / Double(max(errors.count - 1, 1))).squareRoot()
    }
  }

  public func run(
    output: URL, seed: UInt64, progress: ExperimentProgress
  ) throws -> ExperimentResults {
    var folder = try OutputFolder(output)
    let problem = FittingProblem()
    // The package's own MAML, as `maml-sinusoid` trains it.
    let maml = MetaLearner.all.first { $0.name == "MAML, 5 steps" }!
    let counts = [1, 5, 10]
    var rows: [Row] = []
    func add(_ name: String, _ error: Double, parameters: Int = 0, seconds: Double = 0) {
      if !rows.contains(where: { $0.name == name }) {
        rows.append(Row(name: name, parameters: parameters))
      }
      let place = rows.firstIndex { $0.name == name }!
      rows[place].errors.append(error)
      rows[place].seconds.append(seconds)
    }
    for repetition in 0..<repetitions {
      let key = RandomKey(seed: seed).folded(in: repetition)
      let keys = key.split(into: 5)
      func share(_ part: Double) -> Double { (Double(repetition) + part) / Double(repetitions) }
      let test = Contexts<FittingProblem.Context>("sinusoids") { count, key in
        let tasks = SinusoidTasks(count, key: key)
        return Pair(tasks.points(shots, draw: 0), tasks.points(100, draw: 1))
      }.sample(testTasks, key: keys[3])
      func error(_ network: MLP) -> Double {
        problem.queryError(of: network, for: test).mean().item
      }

      var hyper = HyperModel(key: keys[0])
      let hyperSeconds = try withProgress(
        progress, "hypernetwork", of: steps, from: share(0), to: share(0.4)
      ) { try train(&hyper, steps: steps, rate: 1e-3, keys[1], $0) }
      add(
        "hypernetwork, no steps", error(hyper(test, of: problem)),
        parameters: hyper.leafScalarCount, seconds: hyperSeconds)

      let start = ContinuousClock.now
      let network = maml.train(
        shots: shots, steps: steps, seed: seed &+ UInt64(repetition)
      ) { progress(share(0.4 + 0.5 * $0), "MAML") }.network
      let mamlSeconds = (ContinuousClock.now - start) / .seconds(1)
      for count in counts {
        let adapted = MetaLearner.loop(.unrolled, steps: count, rate: maml.rate)(
          from: network.repeated(testTasks), with: test.first, loss: summedTaskErrors)
        add(
          count == 1 ? "MAML, 1 step" : "MAML, \(count) steps", error(adapted.parameters),
          parameters: network.leafScalarCount, seconds: mamlSeconds)
      }

      progress(share(0.9), "training from nothing")
      for (count, error) in fromNothing(test, key: keys[4]) {
        add("from nothing, \(count) steps of Adam", error)
      }
    }
    var answer = ExperimentResults(lines: lines(rows))
    try folder.writeResults(of: name, seed: seed, list: "methods", rows) { row, json in
      json.write(row.name, for: "name")
      json.write(row.mean, for: "error")
      json.write(row.deviation, for: "deviation")
      json.write(row.errors, for: "errors")
      json.write(row.parameters, for: "parameters")
      json.write(row.seconds, for: "trainingSeconds")
    }
    answer.files = folder.files
    progress(1, "")
    return answer
  }

  /// The errors of networks that are trained on each task by itself, from the same random weights, with the best of
  /// some rates for each number of steps.
  private func fromNothing(_ test: FittingProblem.Context, key: RandomKey) -> [(Int, Double)] {
    let problem = FittingProblem()
    let oracle = Oracle(problem, test)
    let counts = [10, 100, 500]
    var best = counts.map { ($0, Double.infinity) }
    for rate in [3e-3, 1e-2, 3e-2] {
      let optimizer = Adam(learningRate: rate)
      var network = MLP(MetaLearner.sizes, key: key).repeated(testTasks)
      var state = optimizer.initialState(for: network)
      var made = 0
      for (place, count) in counts.enumerated() {
        while made < count {
          optimizer.update(&network, gradient: oracle.gradient(at: network), state: &state)
          made += 1
        }
        best[place].1 = min(best[place].1, problem.queryError(of: network, for: test).mean().item)
      }
    }
    return best
  }

  private func lines(_ rows: [Row]) -> [String] {
    var table = ResultTable(
      title:
        "mean squared error on \(testTasks) sinusoids never seen, \(shots) points given; mean and standard "
        + "deviation of \(repetitions) trainings",
      columns: [.init("", .left), .init("error"), .init("parameters"), .init("training s")])
    for row in rows {
      let seconds = row.seconds.reduce(0, +) / Double(repetitions)
      table.append([
        row.name,
        row.mean < 1e4 ? String(format: "%.3f ± %.3f", row.mean, row.deviation) : "diverged",
        row.parameters > 0 ? "\(row.parameters)" : "",
        seconds > 0 ? String(format: "%.1f", seconds) : "",
      ])
    }
    return table.lines + [
      "training    \(steps) steps of Adam each, \(MetaLearner.tasksPerStep) fresh tasks in a step; MAML as maml-sinusoid trains it",
      "            from nothing: the best of three rates for each number of steps, chosen on the test tasks",
      "published   MAML about 0.2 to 0.4 after 1 to 5 steps with 10 points (Finn et al. 2017, 70000 steps)",
    ]
  }
}
