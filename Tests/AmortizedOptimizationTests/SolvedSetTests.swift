import Argmin
import ConvexModeling
import Foundation
import Testing
import _TestSupport

@Suite struct SolvedSetTests {
  private let family = try! QuadraticProgramFamily(
    QuadraticProgram(
      Q: [[2, 0.5], [0.5, 1]], p: [0, 0], G: [[1, 0], [0, 1], [1, 1]], h: [0.5, 0.5, 0.6]),
    varying: [.p])
  private let contexts = Contexts<[Tensor]>("normal") { [$1.normal([$0, 2]) * 2] }

  private func temporaryFolder() -> URL {
    FileManager.default.temporaryDirectory.appendingPathComponent(
      "argmin-solved-\(UInt64.random(in: 0 ... .max))")
  }

  @Test func partsAreKeptAndTakenUp() throws {
    let location = temporaryFolder()
    defer { try? FileManager.default.removeItem(at: location) }
    let folder = SolvedSetFolder(location, problem: "test")
    let key = RandomKey(seed: 3)
    let direct = try SolvedSet(of: family, over: contexts, count: 70, key: key, partSize: 16)
    let kept = try SolvedSet(
      of: family, over: contexts, count: 70, key: key, partSize: 16, folder: folder)
    // One part is lost, the others are read.
    let lost = location.appendingPathComponent("part-00002.safetensors")
    try FileManager.default.removeItem(at: lost)
    let again = try SolvedSet(
      of: family, over: contexts, count: 70, key: key, partSize: 16, folder: folder)
    for set in [kept, again] {
      #expect(set.count == 70 && set.iterations == direct.iterations)
      #expect(set.context.leafScalars == direct.context.leafScalars)
      #expect(set.state.leafScalars == direct.state.leafScalars)
    }
    #expect(FileManager.default.fileExists(atPath: lost.path))
    #expect(throws: TensorFileError.self) {
      try SolvedSet(of: family, over: contexts, count: 71, key: key, partSize: 16, folder: folder)
    }
    #expect(throws: TensorFileError.self) {
      try SolvedSet(
        of: family, over: contexts, count: 70, key: RandomKey(seed: 4), partSize: 16, folder: folder
      )
    }
    try Data("{".utf8).write(to: lost)
    #expect(throws: TensorFileError.self) {
      try SolvedSet(of: family, over: contexts, count: 70, key: key, partSize: 16, folder: folder)
    }
  }

  @Test func unsolvedItemsAreLeftOut() throws {
    let family = try QuadraticProgramFamily(
      QuadraticProgram(Q: [[1]], p: [0], G: [[1], [-1]], h: [1, 0]), varying: [.h])
    let set = try SolvedSet(of: family, at: [Tensor([[1, 0], [-1, 0], [2, 0]])])
    #expect(set.count == 2 && set.unsolvedCount == 1)
    #expect(set.context[0].scalars == [1, 0, 2, 0])
    let none = try SolvedSet(
      of: family, over: Contexts("none") { count, _ in [Tensor.zeros([count, 2])] }, count: 0,
      key: RandomKey(seed: 1))
    #expect(none.count == 0)
  }

  @Test func solvingCanBeStopped() throws {
    let limits = SolutionLimits(progress: { $0.finished < 30 })
    #expect(throws: CancellationError.self) {
      try SolvedSet(
        of: family, over: contexts, count: 200, key: RandomKey(seed: 1), partSize: 10,
        limits: limits)
    }
  }

  @Test func nearestNeighbours() throws {
    let set = try SolvedSet(of: family, at: [Tensor([[0, 0], [1, 1], [5, 5]])])
    let nearest = set.nearest(to: [Tensor([[0.9, 1.2], [4, 9], [-1, 0]])])
    #expect(nearest.x.hasSameElements(as: set.state.x.items([1, 2, 0])))
  }

  /// The whole way for a problem of one's own, written in the modelling language.
  @Test func modelledProblem() throws {
    let n = 30
    let loadings = RandomKey(seed: 4).normal([n, 3])
    let weights = Variable(n), factors = Parameter(3)
    let returns = loadings * factors
    let layer = try Problem(
      .minimize(
        sumSquares(loadings.transposed() * weights) + 0.2 * sumSquares(weights)
          - dot(returns, weights))
    ) {
      sum(weights) == 1
      weights >= 0
      weights <= 0.2
    }.layer(parameters: [factors])
    let draws = Contexts<[Tensor]>("returns") { [$1.normal([$0, 3])] }
    let keys = RandomKey(seed: 5).split(into: 4)
    let solved = try SolvedSet(of: layer, over: draws, count: 1024, key: keys[0])
    var model = try StatePredictor(for: layer, from: solved, hidden: [64, 64], key: keys[1])
    try Trainer(Adam(learningRate: 2e-3), for: .epochs(60)).train(
      &model, of: layer, over: solved.batches(of: 64, key: keys[2]), loss: .regression)
    let test = try SolvedSet(of: layer, over: draws, count: 200, key: keys[3])
    let solver = try AmortizedSolver(
      model, of: layer, guardedBy: .budget(), coldStarts: solved)
    let answer = try solver(test.context)
    #expect(answer.unsolvedItems == [] && answer.residuals.max()! < 1e-7)
    #expect(isClose(answer.value.scalars, test.state.x.scalars, absoluteTolerance: 1e-7).holds)

    var study = AmortizationStudy(of: layer, named: "portfolio", tolerances: [1e-6])
    study.add(model, named: "network", guards: [.none, .budget()])
    study.addPreviousSolution()
    study.repetitions = 3
    let report = try study.report(
      on: [("in distribution", test)], training: solved, trainingSeconds: 1)
    let rows = report.sections[0].rows
    #expect(
      rows.map(\.name) == [
        "cold start", "nearest neighbour", "network", "network, budget 1.0", "previous solution",
      ])
    #expect(rows.allSatisfy { $0.solvedShare == [1] })
    #expect(rows[2].suboptimality!.median < 0.1 && rows[0].suboptimality == nil)
    #expect(report.breakEvens.count == 2)
    let timings = rows.flatMap(\.milliseconds)
    #expect(timings.allSatisfy { $0.rounds.count == 3 && $0.least <= $0.median })
    for entry in report.breakEvens {
      let saved = entry.millisecondsSaved
      #expect(entry.isWithinNoise == (saved.least <= 0 && saved.largest > 0))
      #expect((entry.solves != nil) == (saved.median > 0))
    }
    #expect(try AmortizationReport(json: report.json()).sections == report.sections)
  }

  /// A model in use has everything in one file.
  @Test func modelsAreKept() throws {
    let file = temporaryFolder().appendingPathExtension("safetensors")
    defer { try? FileManager.default.removeItem(at: file) }
    let solved = try SolvedSet(of: family, over: contexts, count: 40, key: RandomKey(seed: 1))
    let model = try StatePredictor(for: family, from: solved, hidden: [8], key: RandomKey(seed: 2))
    try model.save(to: file, problem: "box")
    let example = contexts.sample(3, key: RandomKey(seed: 3))
    let read = try StatePredictor(
      contentsOf: file, problem: "box", for: family, context: example)
    #expect(
      read(example, of: family).hasSameElements(as: model(example, of: family)))
    #expect(throws: TensorFileError.self) {
      try StatePredictor(contentsOf: file, problem: "other", for: family, context: example)
    }
    let other = try QuadraticProgramFamily(
      QuadraticProgram(Q: [[1]], p: [0], G: [[1]], h: [1]), varying: [.p])
    #expect(throws: TensorFileError.self) {
      try StatePredictor(
        contentsOf: file, problem: "box", for: other, context: [Tensor([[1.0]])])
    }
  }

  /// A model that contains an optimization layer: its predictions keep the constraints, and it is trained through
  /// the projection onto them.
  @Test func projectionsAsReadout() throws {
    let weights = Variable(3), target = Parameter(3)
    let project = try Problem(.minimize(sumSquares(weights - target))) {
      sum(weights) == 1
      weights >= 0
      weights[0] <= weights[1]
    }.layer(parameters: [target], variables: [weights])
    struct Tracking: ParametricProblem {
      func value(of point: Tensor, for context: Tensor) -> Tensor {
        square(point - context.softmax()).sum(axis: -1)
      }
    }
    var model = Predictor(
      MLP([3, 16, 3], key: RandomKey(seed: 4), dtype: .float64), of: Tracking()
    ) { network, x, _ in try! project(network(x))[0] }
    let draws = Contexts("normal") { $1.normal([$0, 3]) }
    let test = draws.sample(50, key: RandomKey(seed: 5))
    let before = Tracking().value(of: model(test, of: Tracking()), for: test).mean().item
    try Trainer(Adam(learningRate: 1e-2), for: .steps(150)).train(
      &model, of: Tracking(), over: draws.batches(of: 32, key: RandomKey(seed: 6)),
      loss: .objective)
    let predicted = model(test, of: Tracking())
    #expect(Tracking().value(of: predicted, for: test).mean().item < 0.5 * before)
    #expect((predicted.sum(axis: 1) - 1).norm(.infinity, axis: 0).item < 1e-8)
    #expect((predicted[.all, 0] - predicted[.all, 1]).max().item < 1e-8)
  }

  /// The prediction before training: on a contraction it is exact.
  @Test func predictedGain() throws {
    let map = contraction(0.8)
    let context = Contexts("normal") { $1.normal([$0, 1]) }.sample(50, key: RandomKey(seed: 6))
    let limits = SolutionLimits(tolerance: 1e-8)
    let study = AmortizationStudy(of: map, named: "contraction", tolerances: [1e-8])
    let gain = try study.predictedGain(on: SolvedSet(of: map, at: context, limits: limits))
    #expect(abs(gain.rate - 0.8) < 0.02)
    let closer = try map.solve(context, from: context * (5 * (1 - 1e-3)), limits: limits)
    let cold = try map.solve(context, from: nil, limits: limits)
    let saved =
      Double(cold.iterations.reduce(0, +) - closer.iterations.reduce(0, +)) / 50
    #expect(abs(saved - gain.iterationsSaved(byFactor: 1000)) < 3)
    #expect(gain.factor(saving: 0.5) > 100)
  }
}
