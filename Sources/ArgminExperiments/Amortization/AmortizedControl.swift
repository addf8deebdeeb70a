import Argmin
import ConvexModeling
import Foundation
import ProblemFiles

/// A predictive controller written in the modelling language, imitated by a network, whose prediction is then
/// corrected by the exact solver under a guard: cost and violations of the closed loop.
public struct AmortizedControl: Experiment {
  public let name = "amortize-mpc"
  public let summary = "a predictive controller imitated by a network, and corrected by the solver"
  var trainingCount = 3000
  var epochs = 120
  let horizon = 15
  let runs = 100
  let length = 40

  public init() {}

  /// A shorter form, for tests.
  package init(trainingCount: Int, epochs: Int) {
    self.trainingCount = trainingCount
    self.epochs = epochs
  }

  /// A cart on a line, by steps of 0.2: position and velocity, pushed with at most 1, no faster than 0.8.
  private static let A = Tensor([[1, 0.2], [0, 1]])
  private static let B = Tensor([[0.02], [0.2]])
  private static let fastest = 0.8

  /// The controller: the force of the first of the next steps, from the state.
  private func controller() throws -> (layer: ProblemLayer, force: Variable) {
    let start = Parameter(2)
    let states = Variable(horizon + 1, 2), forces = Variable(horizon, 1)
    // Velocities may be too high, at a price: there always is a solution.
    let excess = Variable(horizon)
    let problem = try Problem(
      .minimize(
        sumSquares(states) + 0.1 * sumSquares(forces) + 100 * sum(excess) + 10 * sumSquares(excess))
    ) {
      states[0] == start
      for t in 0..<horizon {
        states[t + 1] == Self.A * states[t] + Self.B * forces[t]
      }
      forces <= 1
      forces >= -1
      excess >= 0
      for t in 0..<horizon {
        states[t + 1, 1] - Self.fastest <= excess[t]
        -states[t + 1, 1] - Self.fastest <= excess[t]
      }
    }
    return (try problem.layer(parameters: [start]), forces)
  }

  /// What a closed loop of many carts costs.
  private struct Loop {
    let name: String
    /// The sum of the stage costs of a run, in the mean.
    let cost: Double
    /// The largest excess of velocity of a run, in the mean and at worst.
    let violation: Double
    let worstViolation: Double
    /// Iterations of the solver per step.
    let iterations: Double
    let milliseconds: Double
  }

  private func closedLoop(
    _ name: String, _ starts: Tensor, _ control: (Tensor) throws -> (force: Tensor, iterations: Int)
  ) rethrows -> Loop {
    var state = starts
    var (cost, iterations) = (0.0, 0)
    var excess = Tensor.zeros([runs])
    let begin = ContinuousClock.now
    for _ in 0..<length {
      let (force, spent) = try control(state)
      let bounded = clip(force, -1, 1)
      iterations += spent
      cost += (square(state).sum() + square(bounded).sum() * 0.1).item / Double(runs)
      state = matmul(state, Self.A.transposed()) + matmul(bounded, Self.B.transposed())
      excess = maximum(excess, relu(abs(state[.all, 1]) - Self.fastest))
    }
    let steps = Double(runs * length)
    return Loop(
      name: name, cost: cost, violation: excess.mean().item, worstViolation: excess.max().item,
      iterations: Double(iterations) / steps,
      milliseconds: (ContinuousClock.now - begin) / .milliseconds(1) / steps)
  }

  public func run(
    output: URL, seed: UInt64, progress: ExperimentProgress
  ) throws -> ExperimentResults {
    var folder = try OutputFolder(output)
    let keys = RandomKey(seed: seed).split(into: 5)
    let (layer, force) = try controller()
    let contexts = Contexts<[Tensor]>("states") { count, key in
      [key.uniform([count, 2], low: -1, high: 1) * Tensor([3, 1.2])]
    }
    func first(_ point: Tensor) -> Tensor {
      layer.values(of: force, in: point).slice(axis: 1, 0..<1).squeezingAxis(1)
    }
    progress(0, "solving")
    let start = ContinuousClock.now
    let solved = try SolvedSet(of: layer, over: contexts, count: trainingCount, key: keys[0])
    // Behaviour cloning: the solver's states by regression.
    var model = try StatePredictor(for: layer, from: solved, key: keys[1])
    let steps = epochs * (solved.count + 63) / 64
    var study = AmortizationStudy(
      of: layer, named: "predictive controller, horizon \(horizon)", tolerances: [1e-9])
    let gain = try study.predictedGain(on: solved)
    try withProgress(progress, gain.stage, of: steps, from: 0.1, to: 0.7) { watch in
      try Trainer(
        Adam(learningRate: 1e-3), for: .steps(steps),
        schedule: .cosine(peak: 1e-3, total: steps), progress: watch
      ).train(
        &model, of: layer, over: solved.batches(of: 64, key: keys[2]), loss: .regression
      ).requireFinished()
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    progress(0.7, "driving")
    let starts = contexts.sample(runs, key: keys[3])[0]
    let guarded = try AmortizedSolver(
      model, of: layer, guardedBy: .budget(), coldStarts: solved)
    let few = SolutionLimits(maximumIterations: 3)
    var previous: ProblemLayer.State?
    let loops = [
      try closedLoop("exact controller", starts) { state in
        let answer = try layer.solve([state])
        return (first(answer.state.x), answer.iterations.reduce(0, +))
      },
      try closedLoop("exact, from the previous solution", starts) { state in
        let answer = try layer.solve([state], from: previous)
        previous = answer.state
        return (first(answer.state.x), answer.iterations.reduce(0, +))
      },
      closedLoop("network alone", starts) { state in (first(model([state], of: layer)), 0) },
      try closedLoop("network and at most 3 iterations", starts) { state in
        let answer = try layer.solve(
          [state], from: guarded.prediction(for: [state]), limits: few)
        let forces = first(answer.state.x)
        return (
          select(isFinite(forces), forces, first(model([state], of: layer))),
          answer.iterations.reduce(0, +)
        )
      },
      try closedLoop("network and solver, guarded", starts) { state in
        let answer = try guarded([state])
        return (first(answer.value), answer.iterations.reduce(0, +))
      },
    ]
    progress(0.9, "measuring")
    study.add(model, named: "network", guards: [.none, .budget()])
    let test = try SolvedSet(of: layer, over: contexts, count: 500, key: keys[4])
    let far = contexts.shifted("states twice as far") { $0.map { $0 * 2 } }
    let report = try study.report(
      on: [
        ("states held out", test),
        (far.name, try SolvedSet(of: layer, over: far, count: 500, key: keys[4])),
      ], training: solved, trainingSeconds: seconds)

    var answer = ExperimentResults(lines: lines(loops) + [""] + report.lines)
    try report.write(to: &folder, notes: &answer.notes)
    try folder.writeResults(of: name, seed: seed, list: "loops", loops) { loop, json in
      json.write(loop.name, for: "name")
      json.write(loop.cost, for: "cost")
      json.write(loop.violation, for: "violation")
      json.write(loop.worstViolation, for: "worstViolation")
      json.write(loop.iterations, for: "iterations")
    }
    answer.files = folder.files
    progress(1, "")
    return answer
  }

  private func lines(_ loops: [Loop]) -> [String] {
    var table = ResultTable(
      title:
        "\(runs) closed loops of \(length) steps; violation: by how much a run is too fast at most",
      columns: [
        .init("controller", .left), .init("cost"), .init("violation"), .init("worst"),
        .init("iterations"), .init("ms a step"),
      ])
    for loop in loops {
      table.append([
        loop.name, String(format: "%.4f", loop.cost), String(format: "%.5f", loop.violation),
        String(format: "%.4f", loop.worstViolation), String(format: "%.2f", loop.iterations),
        String(format: "%.3f", loop.milliseconds),
      ])
    }
    return table.lines
  }
}
