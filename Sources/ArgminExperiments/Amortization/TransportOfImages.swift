import Argmin
import Foundation

/// Meta optimal transport (Amos, Cohen, Luise and Redko 2022): a network predicts the dual potential of the
/// transport between two images, from which Sinkhorn's iteration then needs fewer steps; in distribution, and on
/// measures that it was not made for, with and without a race against the cold start.
public struct TransportOfImages: Experiment {
  public let name: String
  public let summary: String
  private let images: @Sendable () throws -> Tensor
  private let epsilon: Double
  private let hidden: [Int]
  private let published: [String]
  var steps: Int
  var testCount: Int

  /// On the digits of the package.
  public static let digits = TransportOfImages(
    name: "meta-ot-digits", summary: "transport between digits with learned starts for Sinkhorn",
    images: { try DigitImages.all().pixels }, epsilon: 0.01, hidden: [256, 256, 256], steps: 4000,
    testCount: 200, published: [])

  /// On the images of Debian's package, at the dimension of the paper.
  public static let fashion = TransportOfImages(
    name: "meta-ot-fashion",
    summary: "the same between images of Fashion-MNIST (Debian's dataset-fashion-mnist)",
    images: { try FashionImages.training(count: 10_000) }, epsilon: 0.01, hidden: [512, 512],
    steps: 1000, testCount: 64,
    published: [
      "published   MNIST, 784 pixels, to 1e-2: 4.5 ms -> 2.3 ms with starts of a network after 50000 steps "
        + "of training on a GPU (Amos et al. 2022)"
    ])

  init(
    name: String, summary: String, images: @escaping @Sendable () throws -> Tensor,
    epsilon: Double, hidden: [Int], steps: Int, testCount: Int, published: [String]
  ) {
    self.name = name
    self.summary = summary
    self.images = images
    self.epsilon = epsilon
    self.hidden = hidden
    self.steps = steps
    self.testCount = testCount
    self.published = published
  }

  package func shortened(steps: Int, testCount: Int) -> TransportOfImages {
    var copy = self
    copy.steps = steps
    copy.testCount = testCount
    return copy
  }

  public func run(
    output: URL, seed: UInt64, progress: ExperimentProgress
  ) throws -> ExperimentResults {
    var folder = try OutputFolder(output)
    let keys = RandomKey(seed: seed).split(into: 6)
    let measures = Self.normalized(try images().asType(.float64))
    let count = measures.shape[0]
    let order = keys[0].permutation(count)
    let training = Contexts.pairs(
      of: measures.items(Array(order[(count / 5)...])), named: "pairs of images")
    let test = Contexts.pairs(
      of: measures.items(Array(order[..<(count / 5)])), named: "pairs held out")
    let side = Int(Double(measures.shape[1]).squareRoot())
    let pixels = pixelCenters(height: side, width: side)
    let transport = EntropicTransport(
      cost: squaredDistances(pixels, pixels), epsilon: epsilon)

    // The method: a network from both measures to the potential, trained by the dual objective alone.
    var model = Predictor(
      MLP([2 * side * side] + hidden + [side * side], key: keys[1]), of: transport
    ) { network, pair, _ in
      network(concatenate([pair.first, pair.second], axis: 1).asType(.float32)).asType(.float64)
    }
    var study = AmortizationStudy(
      of: transport,
      named: "transport between images, \(side) x \(side) pixels, epsilon \(epsilon)",
      tolerances: [1e-1, 1e-2, 1e-3])
    let limits = SolutionLimits(tolerance: 1e-5)
    let known = try SolvedSet(
      of: transport, over: training, count: 4 * testCount, key: keys[3], limits: limits)
    let gain = try study.predictedGain(on: known)
    let start = ContinuousClock.now
    try withProgress(progress, gain.stage, of: steps) { watch in
      try Trainer(
        Adam(learningRate: 1e-3), for: .steps(steps),
        schedule: .cosine(peak: 1e-3, total: steps), clipping: .globalNorm(1), progress: watch
      ).train(
        &model, of: transport, over: training.batches(of: 128, key: keys[2]), loss: .objective
      ).requireFinished()
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)

    progress(0.7, "measuring")
    study.addStart(named: "Gaussians", isLearned: false) { pair, _ in
      TransportStarts.gaussian(pair, points: pixels)
    }
    let (scaling, factor) = try Self.scaling(of: transport, tunedOn: known)
    study.addStart(
      named: String(format: "epsilon scaling, factor %g", factor), isLearned: false,
      iterations: scaling.iterations
    ) { pair, _ in scaling(pair) }
    // Abstaining from predictions whose residual is larger than that of 95 % of those on pairs held out.
    let threshold = try AmortizedSolver(model, of: transport, guardedBy: .none).conformalThreshold(
      on: test.sample(max(testCount, 100), key: keys[5]), level: 0.95)
    study.add(
      model, named: "network",
      guards: [.none, .certified(largestResidual: threshold.largestResidual), .budget(), .race])
    let sections = try [test] + Self.shifts(of: test)
    let solved = try sections.map { contexts in
      (
        contexts.name,
        try SolvedSet(
          of: transport, over: contexts, count: testCount, key: keys[4], limits: limits)
      )
    }
    let results = try study.report(on: solved, training: known, trainingSeconds: seconds)

    var answer = ExperimentResults(lines: results.lines + published)
    answer.lines.append("steps       \(steps) of Adam, batches of 128 fresh pairs")
    try results.write(to: &folder, notes: &answer.notes)
    try model.network.save(
      to: folder.location.appendingPathComponent("network.safetensors"),
      metadata: ["experiment": name, "seed": "\(seed)", "sizes": "\(hidden)"])
    folder.note("network.safetensors")
    answer.files = folder.files
    progress(1, "")
    return answer
  }

  /// The scaling of epsilon with the factor that needs the fewest iterations to the middle tolerance.
  private static func scaling(
    of transport: EntropicTransport, tunedOn known: SolvedSet<EntropicTransport>
  ) throws -> (TransportStarts.EpsilonScaling, factor: Double) {
    let sample = known.context.items(Array(0..<min(known.count, 100)))
    let candidates = try [1.5, 2, 3, 4, 8].map { factor in
      let scaling = TransportStarts.EpsilonScaling(of: transport, from: 1, factor: factor)
      let solved = try transport.solve(
        sample, from: scaling(sample), limits: SolutionLimits(tolerance: 1e-2))
      let mean = Double(solved.iterations.reduce(0, +)) / Double(max(solved.iterations.count, 1))
      return (scaling, factor, mean + Double(scaling.iterations))
    }
    let best = candidates.min { $0.2 < $1.2 }!
    return (best.0, best.1)
  }

  /// Rows that sum to 1.
  private static func normalized(_ images: Tensor) -> Tensor {
    images / images.sum(axis: 1, keepsAxis: true)
  }

  /// Measures that the network was not trained on.
  private static func shifts(of test: Contexts<Pair<Tensor, Tensor>>) throws
    -> [Contexts<Pair<Tensor, Tensor>>]
  {
    [
      test.shifted("inverted images") { pair in
        pair.mapLeaves { normalized($0.max(axes: [1], keepsAxes: true) - $0) }
      },
      Contexts("uniform noise") { [test] count, key in
        let keys = key.split()
        let size = test.sample(1, key: key).first.shape[1]
        return Pair(
          normalized(keys.0.uniform([count, size])), normalized(keys.1.uniform([count, size])))
      },
      Contexts("nearly single pixels") { [test] count, key in
        let keys = key.split()
        let size = test.sample(1, key: key).first.shape[1]
        return Pair(
          (keys.0.normal([count, size]) * 20).softmax(),
          (keys.1.normal([count, size]) * 20).softmax()
        )
      },
    ]
  }
}

/// Calls a training's progress and an experiment's from its first to its seventh tenth.
func withProgress<Result>(
  _ progress: ExperimentProgress, _ stage: String, of steps: Int, from first: Double = 0,
  to last: Double = 0.7,
  _ body: (@escaping @Sendable (TrainingProgress) -> Bool) throws -> Result
) rethrows -> Result {
  try withoutActuallyEscaping(progress) { progress in
    nonisolated(unsafe) let report = progress
    return try body { training in
      if training.step % 50 == 0 { report(first + (last - first) * training.fraction, stage) }
      return true
    }
  }
}
