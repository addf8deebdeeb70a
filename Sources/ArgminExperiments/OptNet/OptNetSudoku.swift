import Argmin
import ConvexModeling
import Foundation
import ProblemFiles

/// The rules of Sudoku learned from solved boards alone: the equalities of a quadratic program are the
/// parameters of the model (Amos and Kolter 2017, section 4.4). A network with as many inputs and outputs
/// remembers the boards that it was shown and fails on others.
public struct OptNetSudoku: Experiment {
  public let name = "optnet-sudoku"
  public let summary = "the rules of 4 x 4 Sudoku learned as the equalities of a quadratic program"

  var trainingCount = 9000
  let testCount = 1000
  /// The equalities, as many as the rules have that do not follow from others.
  let equalities = 40
  var epochs = 20
  let batchSize = 150
  let learningRate = 0.03
  let networkEpochs = 40

  public init() {}

  /// A shorter form, for tests.
  package init(trainingCount: Int, epochs: Int) {
    self.trainingCount = trainingCount
    self.epochs = epochs
  }

  /// What the layer learns.
  private struct Rules: TensorStructure {
    /// `[equalities, 64]`.
    var matrix: Tensor
    /// The logarithm of a point that keeps the rules, so that there always is one, `[64]`.
    var logInside: Tensor

    mutating func visitTensors(_ visit: inout TensorVisitor) {
      visit("matrix", &matrix)
      visit("logInside", &logInside)
    }
  }

  /// What is known after each epoch.
  private typealias Curve = [(epoch: Double, loss: Double, testError: Double)]

  public func run(
    output: URL, seed: UInt64, progress: ExperimentProgress
  ) throws -> ExperimentResults {
    var folder = try OutputFolder(output)
    let keys = RandomKey(seed: seed).split(into: 4)
    let (training, test) = SudokuBoards.puzzles(trainingCount + testCount, key: keys[0])
      .split(at: trainingCount)
    let (layer, curve) = try learnRules(training, test, keys[1], keys[2], progress)
    progress(0.9, "training a network")
    let network = try trainNetwork(training, test, keys[3])
    var results = ExperimentResults(lines: lines([layer, network]))
    if let note = try figure(curve).write(to: &folder) { results.notes.append(note) }
    try folder.writeJSON(to: "results.json") {
      write([(layer, curve), (network, [])], seed, to: &$0)
    }
    results.files = folder.files
    progress(1, "")
    return results
  }

  /// `minimize 0.05 ‖z‖² - puzzle·z  subject to  A z = A inside, z ≥ 0`.
  private func learnRules(
    _ training: Pair<Tensor, Tensor>, _ test: Pair<Tensor, Tensor>, _ key: RandomKey,
    _ loaderKey: RandomKey,
    _ progress: ExperimentProgress
  ) throws -> (ComparedModel, Curve) {
    let z = Variable(64, lower: 0)
    let A = Parameter(equalities, 64), inside = Parameter(64), puzzle = Parameter(64)
    let problem = try Problem(.minimize(0.05 * sumSquares(z) - dot(puzzle, z))) {
      A * z == A * inside
    }
    let solve = try problem.layer(parameters: [A, inside, puzzle])
    func boards(_ rules: Rules, _ puzzles: Tensor) throws -> Tensor {
      let answer = try solve(rules.matrix, exp(rules.logInside), puzzles)
      if let item = answer.unsolvedItems.first {
        throw ExperimentError.unsolved(
          problem: "puzzle \(item)", status: answer.statuses[item].rawValue)
      }
      return answer[z]
    }
    var rules = Rules(
      matrix: key.uniform([equalities, 64], dtype: .float64), logInside: Tensor.zeros([64]))
    let loader = DataLoader(training, batchSize: batchSize, shuffledBy: loaderKey)
    var curve: Curve = []
    let total = epochs * loader.batchCount
    let trainer = Trainer(
      Adam(learningRate: learningRate), for: .epochs(epochs),
      schedule: .cosine(peak: learningRate, total: total))
    let start = ContinuousClock.now
    let report = try withoutActuallyEscaping(progress) { progress in
      try trainer.train(
        &rules, on: loader,
        validation: { rules in
          let scores = try boards(rules, test.first)
          progress(0.9 * Double(curve.count + 1) / Double(epochs), "learning the rules")
          curve.append((0, 0, SudokuBoards.errorRate(scores, test.second)))
          return square(scores - test.second).mean().item
        },
        loss: { rules, batch, _ in
          square(try boards(rules, batch.first) - batch.second).mean()
        })
    }
    for (index, record) in report.records.enumerated() where index < curve.count {
      curve[index].epoch = Double(record.epoch)
      curve[index].loss = record.validationLoss ?? .nan
    }
    let model = ComparedModel(
      name: "learned equalities", parameters: rules.leafScalarCount,
      trainingError: SudokuBoards.errorRate(try boards(rules, training.first), training.second),
      testError: SudokuBoards.errorRate(try boards(rules, test.first), test.second),
      seconds: (ContinuousClock.now - start) / .seconds(1))
    return (model, curve)
  }

  private func trainNetwork(
    _ training: Pair<Tensor, Tensor>, _ test: Pair<Tensor, Tensor>, _ key: RandomKey
  ) throws -> ComparedModel {
    let keys = key.split(into: 2)
    func float32(_ batch: Pair<Tensor, Tensor>) -> Pair<Tensor, Tensor> {
      batch.mapLeaves { $0.asType(.float32) }
    }
    let (training, test) = (float32(training), float32(test))
    var network = MLP([64, 512, 512, 64], key: keys[0])
    let loader = DataLoader(training, batchSize: batchSize, shuffledBy: keys[1])
    let start = ContinuousClock.now
    try Trainer(Adam(learningRate: 1e-3), for: .epochs(min(networkEpochs, 2 * epochs))).train(
      &network, on: loader,
      loss: { network, batch, _ in
        let scores = network(batch.first).reshaped(to: [batch.first.shape[0] * 16, 4])
        return softmaxCrossEntropy(
          scores, probabilities: batch.second.reshaped(to: [batch.first.shape[0] * 16, 4]))
      })
    return ComparedModel(
      name: "network of three layers", parameters: network.leafScalarCount,
      trainingError: SudokuBoards.errorRate(network(training.first), training.second),
      testError: SudokuBoards.errorRate(network(test.first), test.second),
      seconds: (ContinuousClock.now - start) / .seconds(1))
  }

  // MARK: - Report

  private func lines(_ models: [ComparedModel]) -> [String] {
    return [
      "puzzles     \(trainingCount) to train on, \(testCount) to test, each with one solution and no number "
        + "that can be missed",
      "layer       a quadratic program with 64 variables and \(equalities) equalities that are learned, "
        + "\(epochs) epochs",
      "",
    ]
      + ComparedModel.lines(models, errors: "wrong") { String(format: "%.2f %%", 100 * $0) }
      + ["wrong: the share of boards with a wrong cell"]
  }

  private func figure(_ curve: Curve) -> Figure {
    Figure(
      name: "learning", size: (640, 420),
      commands: """
        set tics nomirror
        set border 3
        set xlabel "epoch"
        set ylabel "share of test boards with a wrong cell"
        set yrange [0:1.02]
        unset key
        plot "learning.dat" using 1:3 with linespoints pt 7 lw 2
        """,
      data: [("learning.dat", curve.map { [$0.epoch, $0.loss, $0.testError] })])
  }

  private func write(
    _ models: [(model: ComparedModel, curve: Curve)], _ seed: UInt64, to json: inout JSONWriter
  ) {
    json.write(name, for: "experiment")
    json.write("\(seed)", for: "seed")
    json.list(for: "models") { json in
      for (model, curve) in models {
        json.object { json in
          model.write(to: &json)
          json.write(curve.map(\.testError), for: "testErrors")
        }
      }
    }
  }
}
