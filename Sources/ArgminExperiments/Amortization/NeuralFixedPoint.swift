import Argmin
import Foundation
import ProblemFiles

/// Neural fixed-point acceleration (Venkataraman and Amos 2021): a recurrent network corrects every step of a
/// proximal-gradient iteration, trained on the summed residuals of the way; against the plain iteration, FISTA, and
/// Anderson acceleration, within and beyond the steps of the training.
public struct NeuralFixedPoint: Experiment {
  public let name = "neural-fixed-point"
  public let summary = "a recurrent network that accelerates a proximal-gradient iteration"
  var steps = 1500
  let testCount = 200
  /// The iterations in training.
  let horizon = 25

  public init() {}

  /// A shorter form, for tests.
  package init(steps: Int) { self.steps = steps }

  typealias Lasso = ProximalGradientFamily<Tensor>

  /// `½ |D y - x|² + 0.1 |y|₁` with a fixed random D, `[40, 60]`.
  static func lasso(_ D: Tensor, isAccelerated: Bool = false) -> Lasso {
    let L = SparseCodingDigits.lipschitzConstant(D.transposed())
    return Lasso(
      variables: D.shape[1], stepSize: 1 / L, isAccelerated: isAccelerated,
      smooth: { y, x in square(matmul(y, D.transposed()) - x).sum(axis: -1) * 0.5 },
      rest: { y, _ in abs(y).sum(axis: -1) * 0.1 },
      proximal: { v, t, _ in softThreshold(v, 0.1 * t) })
  }

  /// The method. The last layer begins at zero: an untrained model is the plain iteration.
  struct Accelerator: WarmStarter {
    typealias Problem = Lasso
    typealias State = Pair<Lasso.State, Tensor>
    var encoder: Linear
    var cell: GRUCell
    var decoder: Linear
    var steps: Int

    init(variables n: Int, width: Int, steps: Int, key: RandomKey) {
      let keys = key.split(into: 3)
      encoder = Linear(3 * n, width, key: keys[0], dtype: .float64)
      cell = GRUCell(width, width, key: keys[1], dtype: .float64)
      decoder = Linear(width, n, initializer: .zeros, key: keys[2], dtype: .float64)
      self.steps = steps
    }

    func initial(_ oracle: Oracle<Lasso>) -> State {
      Pair(
        oracle.problem.coldStart(for: oracle.context), cell.initialState(batch: [oracle.items]))
    }

    func update(_ state: State, _ oracle: Oracle<Lasso>, step: Int) -> State {
      let y = state.first.y
      let next = oracle.step(state.first).y
      // The difference falls by orders of magnitude: its direction and the logarithm of its size are shown.
      let change = next - y
      let size = sqrt(square(change).sum(axis: -1, keepsAxis: true) + 1e-20)
      let features = concatenate([y, next, change / size], axis: -1)
      let hidden = cell(tanh(encoder(features)), state: state.second)
      return Pair(Lasso.State(at: next + decoder(hidden) * size), hidden)
    }

    func start(of state: State, _ oracle: Oracle<Lasso>) -> Lasso.State { state.first }

    mutating func visitTensors(_ visit: inout TensorVisitor) {
      visit("encoder", &encoder)
      visit("cell", &cell)
      visit("decoder", &decoder)
    }
  }

  /// Anderson acceleration with memory (Walker and Ni 2011), without parameters.
  struct Anderson: WarmStarter {
    typealias Problem = Lasso
    /// The points and the results of the map, the latest first, each `[B, memory, n]`.
    typealias State = Pair<Tensor, Tensor>
    let memory = 5
    var steps: Int

    func initial(_ oracle: Oracle<Lasso>) -> State {
      let y = oracle.problem.coldStart(for: oracle.context).y.expandingAxis(1)
      return Pair(
        y, oracle.problem.proximalStep(y.squeezingAxis(1), for: oracle.context).expandingAxis(1))
    }

    func update(_ state: State, _ oracle: Oracle<Lasso>, step: Int) -> State {
      let changes = state.second - state.first
      let count = changes.shape[1]
      // Weights of sum 1 that make the mixed change small.
      let gram = matmul(changes, changes.transposed())
      let scale =
        (gram * Tensor.identity(count)).sum(axes: [1, 2], keepsAxes: true) * 1e-10 + 1e-30
      let ones = Tensor.ones([oracle.items, count, 1])
      let solved = (try? solve(gram + Tensor.identity(count) * scale, ones)) ?? ones
      let weights = solved / solved.sum(axis: 1, keepsAxis: true)
      let y = (weights * state.second).sum(axis: 1)
      let result = oracle.problem.proximalStep(y, for: oracle.context)
      func pushed(_ new: Tensor, _ old: Tensor) -> Tensor {
        concatenate(
          [new.expandingAxis(1), old.slice(axis: 1, 0..<min(count, memory - 1))], axis: 1)
      }
      return Pair(pushed(y, state.first), pushed(result, state.second))
    }

    func start(of state: State, _ oracle: Oracle<Lasso>) -> Lasso.State {
      Lasso.State(at: state.first.slice(axis: 1, 0..<1).squeezingAxis(1))
    }

    mutating func visitTensors(_ visit: inout TensorVisitor) {}
  }

  /// The plain iteration, and FISTA.
  struct Plain: WarmStarter {
    typealias Problem = Lasso
    typealias State = Lasso.State
    var steps: Int
    func initial(_ oracle: Oracle<Lasso>) -> State { oracle.problem.coldStart(for: oracle.context) }
    func update(_ state: State, _ oracle: Oracle<Lasso>, step: Int) -> State { oracle.step(state) }
    mutating func visitTensors(_ visit: inout TensorVisitor) {}
  }

  public func run(
    output: URL, seed: UInt64, progress: ExperimentProgress
  ) throws -> ExperimentResults {
    var folder = try OutputFolder(output)
    let keys = RandomKey(seed: seed).split(into: 4)
    let D = keys[0].normal([40, 60]) / 40.0.squareRoot()
    let contexts = Contexts<Tensor>("sparse signals with noise") { count, key in
      let keys = key.split(into: 3)
      let isOn = keys[0].uniform([count, 60]) .< 0.15
      let signals = select(isOn, keys[1].normal([count, 60]), Tensor.zeros([count, 60]))
      return matmul(signals, D.transposed()) + keys[2].normal([count, 40]) * 0.05
    }
    let problem = Self.lasso(D)
    var model = Accelerator(variables: 60, width: 64, steps: horizon, key: keys[1])
    let start = ContinuousClock.now
    try withProgress(progress, "training", of: steps, to: 0.9) { watch in
      try Trainer(
        Adam(learningRate: 1e-3), for: .steps(steps),
        schedule: .cosine(peak: 1e-3, total: steps), clipping: .globalNorm(1), progress: watch
      ).train(
        &model, of: problem, over: contexts.batches(of: 64, key: keys[2]),
        loss: .logResidual.summed(), estimator: .checkpointed()
      ).requireFinished()
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)

    let x = contexts.sample(testCount, key: keys[3])
    let counts = [5, 10, 25, 50, 100]
    func residuals<Model: WarmStarter>(_ model: Model, _ problem: Lasso) -> [Double]
    where Model.Problem == Lasso {
      model.iterates(x, of: problem, steps: counts.last!).map { iterate in
        let state = model.start(of: iterate.state, iterate.oracle)
        return median(problem.residual(of: state, for: x).scalars)
      }
    }
    let curves: [(name: String, residuals: [Double])] = [
      ("proximal gradients", residuals(Plain(steps: 0), problem)),
      ("FISTA", residuals(Plain(steps: 0), Self.lasso(D, isAccelerated: true))),
      ("Anderson acceleration, memory 5", residuals(Anderson(steps: 0), problem)),
      ("neural acceleration", residuals(model, problem)),
    ]
    var table = ResultTable(
      title: "median residual on \(testCount) problems never seen, after so many steps "
        + "(trained on \(horizon))",
      columns: [.init("", .left)] + counts.map { .init("\($0)") })
    for curve in curves {
      table.append(
        [curve.name] + counts.map { String(format: "%.1e", curve.residuals[$0]) })
    }
    var answer = ExperimentResults(
      lines: table.lines + [
        String(format: "training    %.1f s, %d steps of Adam", seconds, steps),
        "published   below Anderson acceleration in the early steps, which overtakes later "
          + "(Venkataraman and Amos 2021)",
      ])
    if let note = try figure(curves).write(to: &folder) { answer.notes.append(note) }
    try folder.writeResults(of: name, seed: seed, list: "methods", curves) { curve, json in
      json.write(curve.name, for: "name")
      json.write(curve.residuals, for: "residuals")
    }
    answer.files = folder.files
    progress(1, "")
    return answer
  }

  private func figure(_ curves: [(name: String, residuals: [Double])]) -> Figure {
    let plots = curves.indices.map {
      "\"residuals.dat\" using 1:\($0 + 2) with lines lw 2 title \"\(curves[$0].name)\""
    }
    return Figure(
      name: "residuals", size: (700, 440),
      commands: """
        set logscale y
        set format y "10^{%T}"
        set xlabel "steps"
        set ylabel "residual"
        set tics nomirror
        set border 3
        set arrow from \(horizon), graph 0 to \(horizon), graph 1 nohead dt 2
        plot \(plots.joined(separator: ", "))
        """,
      data: [
        (
          "residuals.dat",
          curves[0].residuals.indices.map { step in
            [Double(step)] + curves.map { $0.residuals[step] }
          }
        )
      ])
  }
}

/// The middle of some numbers.
private func median(_ numbers: [Double]) -> Double { numbers.sorted()[numbers.count / 2] }
