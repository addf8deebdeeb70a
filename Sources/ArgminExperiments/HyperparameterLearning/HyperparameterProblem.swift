import Argmin

/// What is learned by differentiating the validation loss through training.
package struct Hyperparameters: TensorStructure {
  /// The logit of every training sample's weight, `[n]`: the weight is twice its sigmoid, so 1 at zero.
  package var sampleLogits: Tensor
  /// The logarithm of the strength of the regularization of every pixel's weights, `[64]`.
  package var logStrengths: Tensor

  package init(sampleLogits: Tensor, logStrengths: Tensor) {
    self.sampleLogits = sampleLogits
    self.logStrengths = logStrengths
  }

  package mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("sampleLogits", &sampleLogits)
    visit("logStrengths", &logStrengths)
  }

  package var sampleWeights: Tensor { sigmoid(sampleLogits) * 2 }
}

/// Multinomial logistic regression on images of digits: the inner loss with hyperparameters, and the validation
/// loss of its solution.
package struct HyperparameterProblem: Sendable {
  /// Images and the classes as rows of zeros and a one, `[n, 64]` and `[n, 10]`, float64.
  package struct Samples: Sendable {
    package let pixels: Tensor
    package let targets: Tensor

    package init(_ images: DigitImages) {
      self.init(pixels: images.pixels.asType(.float64), digits: images.classes.values)
    }

    package init(pixels: Tensor, digits: [Int]) {
      self.pixels = pixels
      targets = Tensor(digits.map { digit in (0..<10).map { $0 == digit ? 1.0 : 0 } })
    }

    /// The cross entropy of every sample, `[n]`.
    package func losses(_ model: Linear) -> Tensor {
      -(model(pixels).logSoftmax() * targets).sum(axis: 1)
    }

    package func accuracy(_ model: Linear) -> Double {
      let isRight = zip(model(pixels).argMax(axis: 1).values, targets.argMax(axis: 1).values)
        .count { $0 == $1 }
      return Double(isRight) / Double(pixels.shape[0])
    }
  }

  package let training: Samples
  package let validation: Samples
  /// Inner steps, and their optimizer.
  package var steps = 200
  package var optimizer = SGD(learningRate: 0.15, momentum: 0.95, isNesterov: true)

  package init(training: Samples, validation: Samples) {
    self.training = training
    self.validation = validation
  }

  /// Equal weights, and one strength for all pixels.
  package func equalHyperparameters(strength: Double) -> Hyperparameters {
    Hyperparameters(
      sampleLogits: Tensor.zeros([training.pixels.shape[0]]),
      logStrengths: log(Tensor(repeating: strength, shape: [64])))
  }

  package var initialModel: Linear {
    Linear(weight: Tensor.zeros([64, 10]), bias: Tensor.zeros([10]))
  }

  /// The mean of the weighted cross entropies plus `½ Σ_j strength_j |weights of pixel j|²`.
  @Sendable package func innerLoss(_ model: Linear, _ hyperparameters: Hyperparameters) -> Tensor {
    (training.losses(model) * hyperparameters.sampleWeights).mean()
      + (exp(hyperparameters.logStrengths).expandingAxis(1) * square(model.weight)).sum() * 0.5
      + square(model.bias!).sum() * 5e-4
  }

  /// Trains a model; differentiable with respect to the hyperparameters by the estimator.
  package func train(
    _ hyperparameters: Hyperparameters, estimator: GradientEstimator = .unrolled,
    from initial: Linear? = nil, steps: Int? = nil
  ) -> InnerLoop<SGD>.Outcome<Linear> {
    InnerLoop(optimizer, steps: steps ?? self.steps, estimator: estimator)(
      from: initial ?? initialModel, with: hyperparameters, loss: innerLoss)
  }

  /// The mean cross entropy on the validation samples.
  package func validationLoss(_ model: Linear) -> Tensor { validation.losses(model).mean() }

  /// What a search over one strength for all pixels finds, by the validation loss.
  package func gridSearch(_ strengths: [Double]) -> (strength: Double, model: Linear) {
    let results = strengths.map { strength in
      let model = train(equalHyperparameters(strength: strength)).parameters
      return (strength: strength, model: model, loss: validationLoss(model).item)
    }
    let best = results.min { $0.loss < $1.loss }!
    return (best.strength, best.model)
  }

  /// Which hyperparameters are learned.
  package enum Learned: Sendable { case sampleWeights, strengths }

  /// A run of the outer optimization.
  package struct Run: Sendable {
    package let hyperparameters: Hyperparameters
    package let model: Linear
    /// The validation loss in every outer step.
    package let validationLosses: [Double]
    /// The largest residual of an implicit gradient's inner problem; nil for the other estimators.
    package let largestResidual: Double?
  }

  /// Learns hyperparameters by Adam on the validation loss.
  ///
  /// An implicit gradient needs the solution and not the way to it, so its inner steps go on from the last
  /// solution.
  package func learn(
    _ learned: Learned, from initial: Hyperparameters, estimator: GradientEstimator,
    outerSteps: Int, rate: Double, progress: (Double) -> Void = { _ in }
  ) -> Run {
    var hyperparameters = initial
    let outer = Adam(learningRate: rate)
    var state = outer.initialState(for: hyperparameters)
    var losses: [Double] = []
    var start: Linear?
    var residual: Double?
    let continues = if case .implicit = estimator { true } else { false }
    for step in 0..<outerSteps {
      var next: Linear?
      var (loss, gradient) = valueAndGradient(at: hyperparameters) { hyperparameters in
        let outcome = train(hyperparameters, estimator: estimator, from: start)
        if continues { next = outcome.parameters.stoppingGradient() }
        if let certificate = outcome.certificate {
          residual = max(residual ?? 0, certificate.residuals[0])
        }
        return validationLoss(outcome.parameters)
      }
      start = next
      switch learned {
      case .sampleWeights: gradient.logStrengths = Tensor.zeros(like: gradient.logStrengths)
      case .strengths: gradient.sampleLogits = Tensor.zeros(like: gradient.sampleLogits)
      }
      outer.update(&hyperparameters, gradient: gradient, state: &state)
      losses.append(loss.item)
      progress(Double(step + 1) / Double(outerSteps))
    }
    return Run(
      hyperparameters: hyperparameters,
      model: train(hyperparameters, from: start).parameters, validationLosses: losses,
      largestResidual: residual)
  }
}

/// The probability that a random member of the first group has a larger value than one of the second (area
/// under the receiver operating characteristic; ties count half).
package func areaUnderCurve(_ first: [Double], over second: [Double]) -> Double {
  let sum = first.reduce(0.0) { sum, value in
    sum + second.reduce(0.0) { $0 + (value > $1 ? 1 : value == $1 ? 0.5 : 0) }
  }
  return sum / Double(first.count * second.count)
}
