import Argmin
import Foundation
import ProblemFiles

/// Variational autoencoders of handwritten digits: how far the encoders' posteriors are from those that are
/// optimized image by image, the amortization gap (Cremer, Li and Duvenaud 2018), for encoders of two strengths;
/// and how much of it refinement regains, at the end only or in training as well (Kim et al. 2018).
public struct VariationalDigits: Experiment {
  public let name: String
  public let summary: String
  /// Whether semi-amortized models are trained too.
  private let isSemiAmortized: Bool
  var steps = 4000
  var refinedSteps = 1500
  var testCount = 360
  /// Steps of Adam from the model's posterior.
  var optimizationSteps = 400

  public static let amortized = VariationalDigits(
    name: "vae-digits",
    summary: "a variational autoencoder of digits, its amortization gap measured",
    isSemiAmortized: false)
  public static let semiAmortized = VariationalDigits(
    name: "savae-digits",
    summary: "the same with a weak encoder and learned refinement: how much of the gap is regained",
    isSemiAmortized: true)

  private init(name: String, summary: String, isSemiAmortized: Bool) {
    self.name = name
    self.summary = summary
    self.isSemiAmortized = isSemiAmortized
  }

  package func shortened(steps: Int, refinedSteps: Int, testCount: Int) -> VariationalDigits {
    var copy = self
    (copy.steps, copy.refinedSteps, copy.testCount) = (steps, refinedSteps, testCount)
    copy.optimizationSteps = 100
    return copy
  }

  /// What is known of one model.
  private struct Result {
    let name: String
    /// The bound by the model, and by optimization from there with the same decoder.
    let bound: Double
    let optimum: Double
    /// Steps of Adam from the prior that reach the model's bound.
    let matchedSteps: Int?
    let seconds: Double
    var gap: Double { optimum - bound }
  }

  private static let counts = [5, 10, 20, 40, 60, 80, 100, 150, 200, 300, 400]

  public func run(
    output: URL, seed: UInt64, progress: ExperimentProgress
  ) throws -> ExperimentResults {
    var folder = try OutputFolder(output)
    let keys = RandomKey(seed: seed).split(into: 4)
    let (training, held) = try DigitImages.all().split(heldOut: 0.25, by: keys[0])
    let images = held.pixels.items(Array(0..<min(testCount, held.count)))
    let contexts = Contexts(rows: training.pixels, named: "digits")
    var results: [Result] = []
    let encoders: [(String, [Int])] =
      isSemiAmortized
      ? [("linear encoder", [])] : [("encoder 64-128-16", [128]), ("linear encoder", [])]
    for (index, (name, hidden)) in encoders.enumerated() {
      var problem = EvidenceProblem(key: keys[1])
      var encoder = problem.encoder(hidden: hidden, key: keys[2])
      let seconds = try train(
        &encoder, &problem, contexts, keys[3], steps: steps, progress, name,
        from: 0.4 * Double(index), to: 0.4 * Double(index) + 0.2)
      results.append(result(name, encoder, problem, images, seconds))
      guard isSemiAmortized else { continue }
      for updates in [1, 4, 8] {
        // Refined at the end only: one rate, the best of some.
        let refined = [0.01, 0.03, 0.1, 0.2, 0.4].map {
          GradientRefined(encoder, steps: updates, rate: $0)
        }
        let best = refined.max { bound($0, problem, images) < bound($1, problem, images) }!
        results.append(
          result(
            "\(name), \(updates) \(updates == 1 ? "step" : "steps") at the end only", best, problem,
            images, 0))
      }
      // Trained further, without and with refinement: encoder, rates and decoder together.
      var further = (encoder: encoder, problem: problem)
      let furtherSeconds = try train(
        &further.encoder, &further.problem, contexts, keys[3], steps: refinedSteps, progress, name,
        from: 0.3, to: 0.35)
      results.append(
        result("\(name), trained further", further.encoder, further.problem, images, furtherSeconds)
      )
      for updates in [1, 4, 8] {
        var refinedProblem = problem
        refinedProblem.samples = 8
        var model = GradientRefined(encoder, steps: updates, rate: 0.1, largestNorm: 20)
        let title = "\(name), trained further with \(updates) \(updates == 1 ? "step" : "steps")"
        let seconds = try train(
          &model, &refinedProblem, contexts, keys[3], steps: refinedSteps, progress, title,
          from: 0.3 + 0.06 * Double(updates), to: 0.35 + 0.06 * Double(updates))
        results.append(result(title, model, refinedProblem, images, seconds))
      }
    }
    var answer = ExperimentResults(lines: lines(results, images.shape[0]))
    try folder.writeResults(of: name, seed: seed, list: "models", results) { result, json in
      json.write(result.name, for: "name")
      json.write(result.bound, for: "bound")
      json.write(result.optimum, for: "optimum")
      json.write(result.seconds, for: "seconds")
    }
    answer.files = folder.files
    progress(1, "")
    return answer
  }

  /// Encoder and decoder by the same loss: at an optimal posterior the decoder's derivative of the optimal bound
  /// is that of the bound.
  private func train<Model: Amortizer>(
    _ model: inout Model, _ problem: inout EvidenceProblem, _ contexts: Contexts<Tensor>,
    _ key: RandomKey, steps: Int, _ progress: ExperimentProgress, _ stage: String,
    from first: Double, to last: Double
  ) throws -> Double where Model.Problem == EvidenceProblem {
    let start = ContinuousClock.now
    try withProgress(progress, stage, of: steps, from: first, to: last) { watch in
      try Trainer(
        Adam(learningRate: 2e-3), for: .steps(steps),
        schedule: .cosine(peak: 2e-3, total: steps), clipping: .globalNorm(20), key: key,
        progress: watch
      ).train(
        &model, andProblem: &problem, over: contexts.batches(of: 128, key: key), loss: .objective
      ).requireFinished()
    }
    return (ContinuousClock.now - start) / .seconds(1)
  }

  private func bound<Model: Amortizer>(
    _ model: Model, _ problem: EvidenceProblem, _ images: Tensor
  ) -> Double where Model.Problem == EvidenceProblem {
    var sampled = problem
    sampled.samples = 32
    return problem.bound(model(images, of: sampled, key: RandomKey(seed: 9)), images)
  }

  private func result<Model: Amortizer>(
    _ name: String, _ model: Model, _ problem: EvidenceProblem, _ images: Tensor,
    _ seconds: Double
  ) -> Result where Model.Problem == EvidenceProblem {
    var sampled = problem
    sampled.samples = 32
    let posterior = model(images, of: sampled, key: RandomKey(seed: 9))
    let bound = problem.bound(posterior, images)
    let optimum = problem.optimized(
      images, from: posterior, after: [optimizationSteps / 2, optimizationSteps],
      key: RandomKey(seed: 11)
    ) { problem.bound($0, images) }.max()!
    let counts = Self.counts.filter { $0 <= optimizationSteps }
    let fromPrior = problem.optimized(
      images, from: posterior.zerosLike, after: counts, key: RandomKey(seed: 12)
    ) { problem.bound($0, images) }
    return Result(
      name: name, bound: bound, optimum: max(optimum, bound),
      matchedSteps: zip(counts, fromPrior).first { $0.1 >= bound }?.0, seconds: seconds)
  }

  private func lines(_ results: [Result], _ count: Int) -> [String] {
    var table = ResultTable(
      title:
        "evidence bounds of \(count) digits held out, in nats; optimized: by Adam from the model's "
        + "posterior, with the same decoder",
      columns: [
        .init("model", .left), .init("bound"), .init("optimized"), .init("gap"),
        .init("Adam steps matched"), .init("training s"),
      ])
    for result in results {
      table.append([
        result.name, String(format: "%.3f", result.bound), String(format: "%.3f", result.optimum),
        String(format: "%.3f", result.gap),
        result.matchedSteps.map { "\($0)" } ?? "over \(optimizationSteps)",
        result.seconds > 0 ? String(format: "%.1f", result.seconds) : "",
      ])
    }
    return table.lines + [
      "code length \(EvidenceProblem.codeLength), decoder 8-128-64; steps of Adam: \(steps)"
        + (isSemiAmortized ? ", \(refinedSteps) more where trained further" : ""),
      "Adam steps matched: from the prior, 32 codes a step, at rate 0.03",
    ]
  }
}
