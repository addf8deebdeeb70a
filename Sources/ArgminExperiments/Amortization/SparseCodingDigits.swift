import Argmin
import Foundation
import ProblemFiles

/// Sparse codes of handwritten digits, `½ |x - y W|² + α |y|₁`, predicted: by one layer that is trained on codes
/// (predictive sparse decomposition; Kavukcuoglu, Ranzato and LeCun 2010), and by unrolled layers (LISTA; Gregor and
/// LeCun 2010), against proximal gradients without and with momentum.
public struct SparseCodingDigits: Experiment {
  public let name: String
  public let summary: String
  private let isUnrolled: Bool
  var steps = 3000
  var dictionaryRounds = 15
  /// The images that are used; nil for all.
  var imageCount: Int?

  public static let predictive = SparseCodingDigits(
    name: "psd-digits", summary: "sparse codes of digits predicted by one trained layer",
    isUnrolled: false)
  public static let unrolled = SparseCodingDigits(
    name: "lista-digits", summary: "sparse codes of digits by unrolled, trained iterations",
    isUnrolled: true)

  private init(name: String, summary: String, isUnrolled: Bool) {
    self.name = name
    self.summary = summary
    self.isUnrolled = isUnrolled
  }

  package func shortened(steps: Int) -> SparseCodingDigits {
    var copy = self
    copy.steps = steps
    copy.dictionaryRounds = 3
    copy.imageCount = 400
    return copy
  }

  static let atoms = 100
  static let penalty = 0.1

  /// The problem for a dictionary W, `[atoms, 64]`.
  static func coding(_ dictionary: Tensor, isAccelerated: Bool = true, dtype: DType = .float64)
    -> ProximalGradientFamily<Tensor>
  {
    let W = dictionary.asType(dtype)
    return ProximalGradientFamily(
      variables: atoms, stepSize: 1 / lipschitzConstant(dictionary), isAccelerated: isAccelerated,
      dtype: dtype, smooth: { y, x in square(x - matmul(y, W)).sum(axis: -1) * 0.5 },
      rest: { y, _ in abs(y).sum(axis: -1) * penalty },
      proximal: { v, t, _ in softThreshold(v, penalty * t) })
  }

  /// The largest eigenvalue of W Wᵀ.
  static func lipschitzConstant(_ dictionary: Tensor) -> Double {
    var v = Tensor.ones([1, dictionary.shape[1]])
    for _ in 0..<100 {
      v = matmul(matmul(v, dictionary.transposed()), dictionary)
      v = v / v.norm(.two, axis: 1).item
    }
    return square(matmul(v, dictionary.transposed())).sum().item * 1.0001
  }

  /// A dictionary by alternating between codes and atoms, of length 1.
  static func learnedDictionary(_ images: Tensor, rounds: Int, key: RandomKey) throws -> Tensor {
    var W = images.items(Array(key.permutation(images.shape[0])[..<atoms]))
    func normalized(_ W: Tensor) -> Tensor {
      W / maximum(W.norm(.two, axis: 1), 1e-8).expandingAxis(1)
    }
    W = normalized(W)
    for _ in 0..<rounds {
      let family = coding(W)
      let codes = family.steps(
        60, from: family.coldStart(for: images), for: images
      ).y
      // Least squares with a small ridge, then lengths of 1.
      let gram = matmul(codes.transposed(), codes) + Tensor.identity(atoms) * 1e-3
      W = normalized(try solve(gram, matmul(codes.transposed(), images)))
    }
    return W
  }

  // MARK: - Methods

  /// `y = D tanh(x F + b)`.
  struct PredictiveLayer: TensorStructure {
    var encoder: Linear
    var scale: Tensor

    mutating func visitTensors(_ visit: inout TensorVisitor) {
      visit("encoder", &encoder)
      visit("scale", &scale)
    }
  }

  /// `y ← soft(x F + y G, b)`, all three learned.
  struct LISTA: Amortizer {
    typealias Problem = ProximalGradientFamily<Tensor>
    var encoder: Tensor
    var feedback: Tensor
    var threshold: Tensor
    var steps: Int

    /// Begins as proximal gradients.
    init(_ dictionary: Tensor, steps: Int) {
      let L = SparseCodingDigits.lipschitzConstant(dictionary)
      encoder = (dictionary.transposed() / L).asType(.float32)
      feedback = (Tensor.identity(atoms) - matmul(dictionary, dictionary.transposed()) / L)
        .asType(.float32)
      threshold = Tensor(repeating: penalty / L, shape: [atoms], dtype: .float32)
      self.steps = steps
    }

    func initial(_ oracle: Oracle<Problem>) -> Tensor {
      Tensor.zeros([oracle.items, atoms], dtype: .float32)
    }

    func update(_ code: Tensor, _ oracle: Oracle<Problem>, step: Int) -> Tensor {
      softThreshold(matmul(oracle.context, encoder) + matmul(code, feedback), threshold)
    }

    mutating func visitTensors(_ visit: inout TensorVisitor) {
      visit("encoder", &encoder)
      visit("feedback", &feedback)
      visit("threshold", &threshold)
    }
  }

  // MARK: - Run

  private struct Row {
    let name: String
    let excess: Double
    let fistaSteps: Int?
    let istaSteps: Int?
    let seconds: Double
  }

  public func run(
    output: URL, seed: UInt64, progress: ExperimentProgress
  ) throws -> ExperimentResults {
    var folder = try OutputFolder(output)
    let keys = RandomKey(seed: seed).split(into: 4)
    let all = try DigitImages.all()
    let (training, held) = all.selecting(Array(0..<(imageCount ?? all.count))).split(
      heldOut: 0.25, by: keys[0])
    progress(0, "learning a dictionary")
    let dictionary = try Self.learnedDictionary(
      training.pixels.asType(.float64), rounds: dictionaryRounds, key: keys[1])
    let family = Self.coding(dictionary)
    let test = held.pixels.asType(.float64)
    let best = try family.solve(
      test, from: nil, limits: SolutionLimits(tolerance: 1e-8, maximumIterations: 20_000))
    let optimum = family.value(of: best.state.y, for: test).mean().item
    func curve(_ isAccelerated: Bool) -> [Double] {
      let family = Self.coding(dictionary, isAccelerated: isAccelerated)
      var state = family.coldStart(for: test)
      return (0...200).map { step in
        if step > 0 { state = family.step(state, for: test) }
        return family.value(of: state.y, for: test).mean().item - optimum
      }
    }
    let (ista, fista) = (curve(false), curve(true))
    func row(_ name: String, _ code: Tensor, _ seconds: Double) -> Row {
      let excess = family.value(of: code.asType(.float64), for: test).mean().item - optimum
      return Row(
        name: name, excess: excess, fistaSteps: fista.firstIndex { $0 <= excess },
        istaSteps: ista.firstIndex { $0 <= excess }, seconds: seconds)
    }
    let single = Self.coding(dictionary, dtype: .float32)
    let codes = Self.coding(dictionary)
    let x = training.pixels.asType(.float64)
    let labels = try codes.solve(x, from: nil, limits: SolutionLimits(tolerance: 1e-6)).state.y
    let pairs = Pair(training.pixels, labels.asType(.float32))
    var rows: [Row] = []
    if isUnrolled {
      for (index, layers) in [1, 3, 7].enumerated() {
        for byCodes in [true, false] {
          var model = LISTA(dictionary, steps: layers)
          let seconds = try train(
            &model, single, pairs, byCodes: byCodes, keys[2], progress, "\(layers) layers",
            from: 0.1 + 0.3 * Double(index))
          rows.append(
            row(
              "LISTA, \(layers) \(layers == 1 ? "layer" : "layers"), trained on \(byCodes ? "codes" : "the energy")",
              model(held.pixels, of: single), seconds))
        }
      }
    } else {
      for byCodes in [true, false] {
        var model = Predictor(
          PredictiveLayer(
            encoder: Linear(64, Self.atoms, key: keys[3]),
            scale: Tensor.ones([Self.atoms], dtype: .float32)), of: single
        ) { layer, x, _ in tanh(layer.encoder(x)) * layer.scale }
        let seconds = try train(
          &model, single, pairs, byCodes: byCodes, keys[2], progress, "one layer", from: 0.2)
        rows.append(
          row(
            "D tanh(x F), trained on \(byCodes ? "codes" : "the energy")",
            model(held.pixels, of: single), seconds))
      }
    }
    for count in [1, 3, 7, 20] {
      rows.append(
        Row(
          name: "FISTA, \(count) steps", excess: fista[count], fistaSteps: nil, istaSteps: nil,
          seconds: 0))
    }
    var answer = ExperimentResults(lines: lines(rows, optimum, ista, test.shape[0]))
    try folder.writeResults(
      of: name, seed: seed, list: "models", rows,
      also: { $0.write(optimum, for: "optimalEnergy") }
    ) { row, json in
      json.write(row.name, for: "name")
      json.write(row.excess, for: "excessEnergy")
      json.write(row.seconds, for: "seconds")
    }
    answer.files = folder.files
    progress(1, "")
    return answer
  }

  private func train<Model: Amortizer>(
    _ model: inout Model, _ problem: Model.Problem, _ pairs: Pair<Tensor, Tensor>, byCodes: Bool,
    _ key: RandomKey, _ progress: ExperimentProgress, _ stage: String, from first: Double
  ) throws -> Double where Model.Problem == ProximalGradientFamily<Tensor> {
    let start = ContinuousClock.now
    let batches = DataLoader(pairs, batchSize: 256, shuffledBy: key)
    try withProgress(progress, stage, of: steps, from: first, to: first + 0.2) { watch in
      try Trainer(
        Adam(learningRate: 2e-3), for: .steps(steps),
        schedule: .cosine(peak: 2e-3, total: steps), progress: watch
      ).train(
        &model, of: problem, over: batches,
        loss: byCodes ? .regression : .objective
      ).requireFinished()
    }
    return (ContinuousClock.now - start) / .seconds(1)
  }

  private func lines(_ rows: [Row], _ optimum: Double, _ ista: [Double], _ count: Int) -> [String] {
    var table = ResultTable(
      title: String(
        format: "mean energy of %d digits held out above the optimum, %.4f (zero: %.4f)", count,
        optimum, ista[0] + optimum),
      columns: [
        .init("", .left), .init("excess"), .init("FISTA steps"), .init("ISTA steps"),
        .init("training s"),
      ])
    for row in rows {
      table.append([
        row.name, String(format: "%.4f", row.excess), row.fistaSteps.map { "\($0)" } ?? "",
        row.istaSteps.map { "\($0)" } ?? "",
        row.seconds > 0 ? String(format: "%.1f", row.seconds) : "",
      ])
    }
    return table.lines + [
      "steps: that reach the same excess; \(Self.atoms) atoms, penalty \(Self.penalty), \(steps) steps of Adam",
      isUnrolled
        ? "published   LISTA about 20 times fewer iterations than FISTA for the code error of one layer "
          + "(Gregor and LeCun 2010)"
        : "published   about the accuracy of exact codes at a hundredth of the cost, in recognition "
          + "(Kavukcuoglu et al. 2010)",
    ]
  }
}
