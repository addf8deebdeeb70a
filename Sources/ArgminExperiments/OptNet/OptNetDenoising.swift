import Argmin
import ConvexModeling
import Foundation
import ProblemFiles

/// Denoising by total variation, the matrices of which are learned (Amos and Kolter 2017, section 4.3): beside
/// the best that can be done with plain differences, and a network.
public struct OptNetDenoising: Experiment {
  public let name = "optnet-denoising"
  public let summary =
    "denoising by total variation, whose matrices are learned through the solution"

  var trainingCount = 6000
  var testCount = 1000
  var epochs = 12
  let batchSize = 100
  let learningRate = 1e-3
  var networkEpochs = 400

  public init() {}

  /// A shorter form, for tests.
  package init(trainingCount: Int, testCount: Int, epochs: Int) {
    self.trainingCount = trainingCount
    self.testCount = testCount
    self.epochs = epochs
    networkEpochs = 20
  }

  /// The weights of total variation that are tried.
  let weights: [Double] = [12, 16, 20, 24, 28]

  /// What is learned, as changes of total variation, so that one learning rate serves both.
  private struct Matrices: TensorStructure {
    /// D over the weight, `[99, 100]`.
    var differences: Tensor
    /// W, `[100, 100]`.
    var map: Tensor

    mutating func visitTensors(_ visit: inout TensorVisitor) {
      visit("differences", &differences)
      visit("map", &map)
    }
  }

  /// `minimize ½ ‖z - W signal‖² + ‖D z‖₁`, by its dual: z = W signal - Dᵀν with -1 ≤ ν ≤ 1 nearest to zero, a
  /// quadratic program in half as many variables that always has one solution.
  private struct Denoiser {
    let solve: ProblemLayer
    let dual: Variable
    var weight = 1.0

    init() throws {
      let n = NoisySignals.length
      let nu = Variable(n - 1, lower: -1, upper: 1)
      let D = Parameter(n - 1, n), signal = Parameter(n)
      let problem = try Problem(.minimize(0.5 * sumSquares(signal - D.transposed * nu)))
      solve = try problem.layer(parameters: [D, signal])
      dual = nu
    }

    func callAsFunction(_ matrices: Matrices, _ signals: Tensor) throws -> Tensor {
      let differences = matrices.differences * weight
      let mapped = matmul(signals, matrices.map)
      let answer = try solve(differences, mapped)
      if let item = answer.unsolvedItems.first {
        throw ExperimentError.unsolved(
          problem: "signal \(item)", status: answer.statuses[item].rawValue)
      }
      return mapped - matmul(answer[dual], differences)
    }

    /// The mean of the squared errors.
    func error(_ matrices: Matrices, _ signals: Pair<Tensor, Tensor>) throws -> Tensor {
      square(try self(matrices, signals.first) - signals.second).mean()
    }
  }

  public func run(
    output: URL, seed: UInt64, progress: ExperimentProgress
  ) throws -> ExperimentResults {
    var folder = try OutputFolder(output)
    let keys = RandomKey(seed: seed).split(into: 3)
    let (training, test) = NoisySignals.make(trainingCount + testCount, key: keys[0])
      .split(at: trainingCount)
    var denoiser = try Denoiser()
    progress(0, "total variation")
    let plainMatrices = Matrices(
      differences: Self.differences, map: Tensor.identity(NoisySignals.length))
    // Enough to tell weights apart.
    let trial = training.split(at: min(trainingCount, 1000)).0
    let start = ContinuousClock.now
    let errors = try weights.map { weight in
      denoiser.weight = weight
      return try denoiser.error(plainMatrices, trial).item
    }
    let weight = weights[errors.indices.min { errors[$0] < errors[$1] } ?? 0]
    denoiser.weight = weight
    let plain = ComparedModel(
      name: "total variation, best weight \(weight.formatted())", parameters: 1,
      trainingError: try denoiser.error(plainMatrices, training).item,
      testError: try denoiser.error(plainMatrices, test).item,
      seconds: (ContinuousClock.now - start) / .seconds(1))
    let (learned, matrices) = try learn(
      denoiser, from: plainMatrices, training, test, keys[1], progress)
    progress(0.95, "training a network")
    let models = [
      ComparedModel(
        name: "nothing", parameters: 0,
        trainingError: square(training.first - training.second).mean().item,
        testError: square(test.first - test.second).mean().item, seconds: 0),
      try trainNetwork(training, test, keys[2]), plain, learned,
    ]
    var results = ExperimentResults(lines: lines(models))
    let figure = try figure(denoiser, plainMatrices, matrices, test)
    if let note = try figure.write(to: &folder) { results.notes.append(note) }
    try folder.writeJSON(to: "results.json") { write(models, seed, to: &$0) }
    results.files = folder.files
    progress(1, "")
    return results
  }

  /// `x[i + 1] - x[i]`.
  private static var differences: Tensor {
    let n = NoisySignals.length
    var matrix = Matrix(rows: n - 1, columns: n)
    for row in 0..<n - 1 {
      matrix[row, row] = -1
      matrix[row, row + 1] = 1
    }
    return Tensor(matrix)
  }

  private func learn(
    _ denoiser: Denoiser, from start: Matrices, _ training: Pair<Tensor, Tensor>,
    _ test: Pair<Tensor, Tensor>,
    _ key: RandomKey, _ progress: ExperimentProgress
  ) throws -> (ComparedModel, Matrices) {
    var matrices = start
    let loader = DataLoader(training, batchSize: batchSize, shuffledBy: key)
    let began = ContinuousClock.now
    var finished = 0
    let trainer = Trainer(
      Adam(learningRate: learningRate), for: .epochs(epochs),
      schedule: .cosine(peak: learningRate, total: epochs * loader.batchCount))
    try withoutActuallyEscaping(progress) { progress in
      _ = try trainer.train(
        &matrices, on: loader,
        validation: { matrices in
          finished += 1
          progress(0.1 + 0.85 * Double(finished) / Double(epochs), "learning the matrices")
          return try denoiser.error(matrices, test).item
        },
        loss: { matrices, batch, _ in try denoiser.error(matrices, batch) })
    }
    let model = ComparedModel(
      name: "learned matrices", parameters: matrices.leafScalarCount,
      trainingError: try denoiser.error(matrices, training).item,
      testError: try denoiser.error(matrices, test).item,
      seconds: (ContinuousClock.now - began) / .seconds(1))
    return (model, matrices)
  }

  private func trainNetwork(
    _ training: Pair<Tensor, Tensor>, _ test: Pair<Tensor, Tensor>, _ key: RandomKey
  ) throws -> ComparedModel {
    let keys = key.split(into: 2)
    // In units of hundreds, as networks like it.
    func scaled(_ batch: Pair<Tensor, Tensor>) -> Pair<Tensor, Tensor> {
      batch.mapLeaves { ($0 * 0.01).asType(.float32) }
    }
    let (training, test) = (scaled(training), scaled(test))
    let n = NoisySignals.length
    var network = MLP([n, 2 * n, n], key: keys[0])
    let loader = DataLoader(training, batchSize: batchSize, shuffledBy: keys[1])
    func error(_ network: MLP, _ batch: Pair<Tensor, Tensor>) -> Tensor {
      square(network(batch.first) - batch.second).mean()
    }
    let start = ContinuousClock.now
    try Trainer(
      Adam(learningRate: 1e-3), for: .epochs(networkEpochs),
      earlyStopping: EarlyStopping(patience: 20, restoresBest: true)
    ).train(
      &network, on: loader, validation: { error($0, test).item },
      loss: { network, batch, _ in error(network, batch) })
    return ComparedModel(
      name: "network of two layers, stopped at its best in test",
      parameters: network.leafScalarCount,
      trainingError: 1e4 * error(network, training).item,
      testError: 1e4 * error(network, test).item,
      seconds: (ContinuousClock.now - start) / .seconds(1))
  }

  // MARK: - Report

  private func lines(_ models: [ComparedModel]) -> [String] {
    return [
      "signals     piecewise constant, \(NoisySignals.length) samples, noise of standard deviation 10; "
        + "\(trainingCount) to train on, \(testCount) to test",
      "learned     W and D in ½ ‖z - W signal‖² + ‖Dz‖₁, from the identity and weighted differences, "
        + "\(epochs) epochs",
      "",
    ]
      + ComparedModel.lines(models, errors: "error") { String(format: "%.2f", $0) }
      + ["error: the mean of the squares"]
  }

  private func figure(
    _ denoiser: Denoiser, _ plain: Matrices, _ learned: Matrices, _ test: Pair<Tensor, Tensor>
  ) throws -> Figure {
    let (first, _) = test.split(at: 1)
    let columns = [
      first.first, first.second, try denoiser(plain, first.first),
      try denoiser(learned, first.first),
    ].map(\.scalars)
    let rows = (0..<NoisySignals.length).map { i in [Double(i)] + columns.map { $0[i] } }
    return Figure(
      name: "denoising", size: (900, 440),
      commands: """
        set tics nomirror
        set border 3
        set xlabel "sample"
        plot "denoising.dat" using 1:2 with points pt 7 ps 0.4 lc rgb "gray" title "noisy", \
        "" using 1:3 with steps lw 2 lc rgb "black" title "clean", \
        "" using 1:4 with lines lw 2 title "total variation", \
        "" using 1:5 with lines lw 2 title "learned matrices"
        """,
      data: [("denoising.dat", rows)])
  }

  private func write(_ models: [ComparedModel], _ seed: UInt64, to json: inout JSONWriter) {
    json.write(name, for: "experiment")
    json.write("\(seed)", for: "seed")
    json.list(for: "models") { json in
      for model in models { json.object { model.write(to: &$0) } }
    }
  }
}
