import Argmin

/// A thousand training steps of an amortized model on the digits: what `Benchmarks/peers/amortization` times in
/// other systems.
package struct TrainingTiming: Sendable {
  package let name: String
  private let train: @Sendable (_ images: Tensor, Trainer<Adam>) throws -> TrainingReport

  /// Seconds of each repetition, and the mean loss of the last hundred steps of one.
  package struct Result: Sendable {
    package let name: String
    package let seconds: [Double]
    package let loss: Double
  }

  package static let all: [TrainingTiming] = [
    TrainingTiming(name: "meta-ot") { images, trainer in
      let measures = images.asType(.float64)
      let pixels = pixelCenters(height: 8, width: 8)
      let transport = EntropicTransport(cost: squaredDistances(pixels, pixels), epsilon: 0.01)
      var model = Predictor(MLP([128, 256, 256, 256, 64], key: RandomKey(seed: 1)), of: transport) {
        network, pair, _ in
        network(concatenate([pair.first, pair.second], axis: 1).asType(.float32)).asType(.float64)
      }
      let pairs = Contexts.pairs(
        of: measures / measures.sum(axis: 1, keepsAxis: true), named: "pairs")
      var trainer = trainer
      trainer.clipping = .globalNorm(1)
      return try trainer.train(
        &model, of: transport, over: pairs.batches(of: 128, key: RandomKey(seed: 2)),
        loss: .objective)
    },
    TrainingTiming(name: "vae") { images, trainer in
      var problem = EvidenceProblem(key: RandomKey(seed: 1))
      var encoder = problem.encoder(hidden: [128], key: RandomKey(seed: 2))
      let digits = Contexts(rows: images, named: "digits")
      return try trainer.train(
        &encoder, andProblem: &problem, over: digits.batches(of: 128, key: RandomKey(seed: 3)),
        loss: .objective)
    },
    TrainingTiming(name: "lista") { images, trainer in
      let rows = RandomKey(seed: 1).normal([SparseCodingDigits.atoms, 64])
      let dictionary = rows / rows.norm(.two, axis: 1).expandingAxis(1)
      let problem = SparseCodingDigits.coding(dictionary, dtype: .float32)
      var model = SparseCodingDigits.LISTA(dictionary, steps: 7)
      let digits = Contexts(rows: images, named: "digits")
      return try trainer.train(
        &model, of: problem, over: digits.batches(of: 256, key: RandomKey(seed: 2)),
        loss: .objective)
    },
  ]

  package func run(repetitions: Int = 5) throws -> Result {
    let images = try DigitImages.all().pixels
    var seconds: [Double] = []
    var loss = Double.nan
    let trainer = Trainer(Adam(learningRate: 1e-3), for: .steps(1000), recordEvery: 100)
    for _ in 0..<repetitions {
      let start = ContinuousClock.now
      let report = try train(images, trainer)
      seconds.append((ContinuousClock.now - start) / .seconds(1))
      loss = report.records.last?.loss ?? .nan
    }
    return Result(name: name, seconds: seconds, loss: loss)
  }
}
