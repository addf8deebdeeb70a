import Autodiff
import Foundation
import NeuralNetworks
import Testing
import _TestSupport

/// Schedules, clipping, averages, batches, losses and the training loop.
struct TrainingTests {
  let key = RandomKey(seed: 21)

  @Test func schedules() {
    #expect(Schedule.constant(0.3)(17) == 0.3)
    let exponential = Schedule.exponential(initial: 1, factor: 0.25, every: 2)
    #expect([0, 1, 2].map { exponential($0) } == [1, 0.5, 0.25])
    let steps = Schedule.steps(initial: 1, factor: 0.5, every: 3)
    #expect([0, 2, 3, 6].map { steps($0) } == [1, 1, 0.5, 0.25])
    let cosine = Schedule.cosine(peak: 2, total: 14, warmup: 4, end: 1)
    #expect([0, 1, 3, 4].map { cosine($0) } == [0.5, 1, 2, 2])
    #expect(isClose([9, 14, 100].map { cosine($0) }, [1.5, 1, 1]).holds)
    #expect(Schedule.cosine(peak: 1, total: 0)(0) == 0)
  }

  @Test func clipping() {
    let gradient = Pair(Tensor([3.0, 0]), Tensor(4, dtype: .float32))
    #expect(gradient.globalNorm.item == 5)
    #expect(
      isClose(gradient.clipped(globalNorm: 1).leafScalars, [0.6, 0, 0.8], relativeTolerance: 1e-7)
        .holds)
    #expect(gradient.clipped(globalNorm: 5).leafScalars == [3, 0, 4])
    #expect(gradient.clipped(value: 2).leafScalars == [2, 0, 2])
    #expect(
      Pair(Tensor(Double.infinity), Tensor(1)).clipped(globalNorm: 1).leafScalars == [.infinity, 1])
    #expect(EmptyStructure().globalNorm.item == 0)
    DerivativeCheck()([key.normal([3]), key.normal([2])]) { leaves in
      let clipped = leaves.clipped(globalNorm: 0.5)
      return concatenate(clipped) + leaves.globalNorm
    }
    #expect(Autodiff.gradient(at: [Tensor.zeros([2])]) { $0.globalNorm }[0].scalars == [0, 0])
  }

  @Test func averagesOfParameters() {
    var average = ExponentialAverage(Tensor([1.0, 2]), decay: 0.75)
    average.update(with: Tensor([5.0, 2]))
    #expect(average.value.scalars == [2, 2])
    average.update(with: Tensor([2.0, 6]))
    #expect(average.value.scalars == [2, 3])
    let slope = gradient(at: Tensor([5.0, 2])) { x in
      var average = ExponentialAverage(Tensor([1.0, 2]), decay: 0.75)
      average.update(with: x)
      return average.value.sum()
    }
    #expect(slope.scalars == [0.25, 0.25])
  }

  @Test func minibatches() {
    let batches = Minibatches(count: 10, batchSize: 4, shuffledBy: key)
    #expect(batches.batchCount == 3)
    let first = batches.epoch(0)
    #expect(first.map(\.count) == [4, 4, 2])
    #expect(first.flatMap { $0 }.sorted() == Array(0..<10))
    #expect(first == batches.epoch(0))
    #expect(first != batches.epoch(1))
    let whole = Minibatches(count: 10, batchSize: 4, shuffledBy: nil, dropsLast: true)
    #expect(whole.epoch(3) == [[0, 1, 2, 3], [4, 5, 6, 7]])
    #expect(Minibatches(count: 0, batchSize: 4, shuffledBy: key).epoch(0).isEmpty)

    let loader = DataLoader(
      Pair(Tensor.range(5), Tensor.range(10).reshaped(to: [5, 2])), batchSize: 2, shuffledBy: key)
    for batch in loader.epoch(0) {
      #expect(batch.second.slice(axis: 1, 0..<1).scalars == batch.first.scalars.map { 2 * $0 })
    }
    #expect(loader.epoch(0).reduce(0) { $0 + $1.first.count } == 5)
  }

  @Test func losses() {
    let logits = Tensor([[1.0, 2, 0], [1000, 0, -1000]])
    let classes: IndexTensor = [1, 0]
    let expected = (-2 + (exp(Tensor(1)).item + exp(Tensor(2)).item + 1).logarithm) / 2
    #expect(isClose(softmaxCrossEntropy(logits, classes: classes).item, expected).holds)
    let oneHot = Tensor.oneHot(classes, count: 3)
    #expect(isClose(softmaxCrossEntropy(logits, probabilities: oneHot).item, expected).holds)
    #expect(accuracy(logits, classes: classes) == 1)
    #expect(accuracy(logits, classes: [1, 2]) == 0.5)
    #expect(meanSquaredError(Tensor([1.0, 2]), Tensor([0.0, 4])).item == 2.5)
    let binary = binaryCrossEntropy(logits: Tensor([0.0, 1000, -1000]), Tensor([1.0, 1, 0]))
    #expect(isClose(binary.item, 2.0.logarithm / 3).holds)
    let x = key.normal([4, 3])
    DerivativeCheck()([x]) { softmaxCrossEntropy($0[0], classes: [0, 2, 1, 1]) }
    DerivativeCheck()([x, sigmoid(x)]) { binaryCrossEntropy(logits: $0[0], $0[1]) }
    DerivativeCheck()([x, x.softmax()]) { softmaxCrossEntropy($0[0], probabilities: $0[1]) }
  }

  // MARK: - The loop

  /// Eight points of a curve that a small network can learn by heart.
  private func problem(_ dtype: DType, batchSize: Int = 4) -> (
    MLP, DataLoader<Pair<Tensor, Tensor>>
  ) {
    let x = Tensor.linearSpace(from: -1, to: 1, count: 8, dtype: dtype).expandingAxis(-1)
    return (
      MLP([1, 16, 16, 1], activation: .tanh, key: key, dtype: dtype),
      DataLoader(Pair(x, sin(x * 4)), batchSize: batchSize, shuffledBy: key)
    )
  }

  private func loss(_ network: MLP, _ batch: Pair<Tensor, Tensor>, _ key: RandomKey) -> Tensor {
    meanSquaredError(network(batch.first), batch.second)
  }

  @Test(arguments: [DType.float32, .float64]) func learnsByHeart(_ dtype: DType) throws {
    var (network, loader) = problem(dtype, batchSize: 8)
    let trainer = Trainer(
      Adam(learningRate: 0), for: .epochs(1500),
      schedule: .cosine(peak: 0.05, total: 1500, warmup: 20), clipping: .globalNorm(1))
    let report = try trainer.train(&network, on: loader, loss: loss)
    #expect(report.status == .finished)
    #expect(report.steps == 1500 && report.records.count == 1500)
    #expect(report.records[0].loss > 0.1)
    #expect(report.records.last!.loss < 1e-6)
  }

  @Test func classifiesAfterTraining() throws {
    // Two moons of points in four classes that no linear map separates.
    let points = key.normal([200, 2])
    let labels = IndexTensor(
      (0..<200).map { points.scalar(at: $0, 0) * points.scalar(at: $0, 1) > 0 ? 1 : 0 })
    var network = MLP([2, 32, 2], key: key, dtype: .float64)
    let loader = DataLoader(
      Pair(points, Tensor.oneHot(labels, count: 2)), batchSize: 20, shuffledBy: key)
    try Trainer(AdamW(learningRate: 0.01), for: .epochs(60)).train(&network, on: loader) {
      network, batch, _ in softmaxCrossEntropy(network(batch.first), probabilities: batch.second)
    }
    #expect(accuracy(network(points), classes: labels) > 0.97)
  }

  @Test func runsAreRepeatedAndContinued() throws {
    let (start, loader) = problem(.float64)
    func run(_ network: inout MLP, _ state: inout OptimizerState?, _ steps: Int) throws {
      try Trainer(Adam(learningRate: 0.01), for: .steps(steps), key: key)
        .train(&network, on: loader, state: &state) { network, batch, key in
          loss(network, batch, key) + (key.normal([]) * network.layers[0].bias!).sum()
        }
    }
    var (a, b) = (start, start)
    var (stateA, stateB): (OptimizerState?, OptimizerState?) = (nil, nil)
    try run(&a, &stateA, 8)
    try run(&b, &stateB, 4)
    #expect(a.leafScalars != b.leafScalars)
    try run(&b, &stateB, 4)
    #expect(a.leafScalars == b.leafScalars)
    #expect(stateB!.step.item == 8)
  }

  @Test func stopsEarlyWithTheBest() throws {
    var (network, loader) = problem(.float64)
    let values = Values([5, 3, 4, 3, 2.5, 9, 9, 9])
    var models: [MLP] = []
    let report = try Trainer(
      SGD(learningRate: 0.01), for: .epochs(50),
      earlyStopping: EarlyStopping(patience: 3, minimumImprovement: 0.1)
    ).train(
      &network, on: loader,
      validation: { model in
        models.append(model)
        return values.next()
      }, loss: loss)
    #expect(report.status == .stoppedEarly)
    #expect(report.records.compactMap(\.validationLoss) == [5, 3, 4, 3, 2.5, 9, 9, 9])
    #expect(report.bestValidationLoss == 2.5)
    #expect(network.leafScalars == models[4].leafScalars)
  }

  @Test func otherEnds() throws {
    var (network, loader) = problem(.float64)
    let start = network.leafScalars
    let cancelled = try Trainer(
      SGD(learningRate: 0.01), for: .epochs(50), progress: { $0.step < 3 && $0.totalSteps == 100 }
    ).train(&network, on: loader, loss: loss)
    #expect(cancelled.status == .cancelled && cancelled.steps == 3)

    network = network.replacingScalarsForTest(start)
    let broken = try Trainer(SGD(learningRate: 0.01), for: .steps(9)).train(
      &network, on: loader
    ) { network, batch, _ in loss(network, batch, key) * Double.nan }
    #expect(broken.status == .notFinite(step: 1) && broken.steps == 0)
    #expect(network.leafScalars == start)

    let none = try Trainer(SGD(learningRate: 1), for: .epochs(0)).train(
      &network, on: loader, loss: loss)
    #expect(none.status == .finished && none.steps == 0 && none.records.isEmpty)
    #expect(network.leafScalars == start)

    struct Failure: Error {}
    #expect(throws: Failure.self) {
      try Trainer(SGD(learningRate: 1), for: .steps(1)).train(&network, on: loader) {
        _, _, _ in throw Failure()
      }
    }
  }

  @Test func logs() throws {
    var (network, loader) = problem(.float64)
    let folder = FileManager.default.temporaryDirectory
    let name = "argmin-\(UUID().uuidString)"
    let urls = ["csv", "jsonl"].map { folder.appendingPathComponent("\(name).\($0)") }
    defer { for url in urls { try? FileManager.default.removeItem(at: url) } }
    for url in urls {
      let report = try Trainer(
        SGD(learningRate: 0.01), for: .steps(5), recordEvery: 2, log: TrainingLog(url)
      ).train(&network, on: loader, validation: { _ in 0.5 }, loss: loss)
      #expect(report.records.map(\.step) == [2, 4, 5])
      let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
      if url.pathExtension == "csv" {
        #expect(lines.first! == TrainingRecord.csvHeader)
        #expect(lines.dropFirst().map(String.init) == report.records.map(\.csvRow))
        #expect(lines[1].split(separator: ",").count == 7)
      } else {
        let decoded = try lines.map {
          try JSONDecoder().decode(TrainingRecord.self, from: Data($0.utf8))
        }
        #expect(decoded == report.records)
      }
    }
    let bad = TrainingLog(URL(fileURLWithPath: "/nonexistent/folder/log.csv"))
    #expect(throws: (any Error).self) {
      try Trainer(SGD(learningRate: 0.01), for: .steps(5), log: bad).train(
        &network, on: loader, loss: loss)
    }
  }
}

/// Numbers one after another.
private final class Values {
  private var values: ArraySlice<Double>
  init(_ values: [Double]) { self.values = values[...] }
  func next() -> Double { values.removeFirst() }
}

extension Double {
  fileprivate var logarithm: Double { log(Tensor(self)).item }
}

extension TensorStructure {
  fileprivate func replacingScalarsForTest(_ scalars: [Double]) -> Self {
    unflattened(from: Tensor(scalars))
  }
}
