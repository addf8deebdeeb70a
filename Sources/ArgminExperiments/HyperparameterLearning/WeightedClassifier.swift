import Argmin

/// What is learned by differentiating the validation loss through training.
struct Hyperparameters: TensorStructure {
  /// The weight of training sample i is `sigmoid(sampleLogits[i])`; `[samples]`.
  var sampleLogits: Tensor
  /// The price of the squared weights that read pixel j is `exp(logRidges[j])`; `[64]`.
  var logRidges: Tensor

  mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("sampleLogits", &sampleLogits)
    visit("logRidges", &logRidges)
  }

  /// Weights of `sigmoid(2)` for all samples, one price for all pixels.
  init(samples: Int, ridge: Double) {
    sampleLogits = Tensor(repeating: 2, shape: [samples])
    logRidges = log(Tensor(repeating: ridge, shape: [64]))
  }

  var sampleWeights: Tensor { sigmoid(sampleLogits) }
}

/// Softmax regression with a weight per sample and a price per pixel:
///
///     minimize  mean_i w_i crossEntropy_i + 1/2 sum_j r_j |W_j|^2
///
/// over W `[64, 10]` and b `[10]`, by gradient descent with momentum from zero.
struct WeightedClassifier: Sendable {
  var loop: InnerLoop<SGD>

  init(steps: Int, estimator: GradientEstimator) {
    loop = InnerLoop(
      SGD(learningRate: 0.5, momentum: 0.9), steps: steps, estimator: estimator)
  }

  static let start = Linear(weight: Tensor.zeros([64, 10]), bias: Tensor.zeros([10]))

  /// The trained model as a function of the hyperparameters.
  func train(_ samples: NoisyDigits.Samples, _ hyperparameters: Hyperparameters)
    -> InnerLoop<SGD>.Outcome<Linear>
  {
    loop(from: Self.start, with: Pair(samples, hyperparameters)) { model, context in
      let samples = context.first
      let entropies = -(model(samples.pixels).logSoftmax() * samples.labels).sum(axis: -1)
      let ridges = exp(context.second.logRidges) * square(model.weight).sum(axis: -1)
      return (context.second.sampleWeights * entropies).mean() + ridges.sum() * 0.5
    }
  }

  /// The loss on samples that were held out, and its gradient with respect to the hyperparameters.
  func validationLoss(_ data: NoisyDigits, _ hyperparameters: Hyperparameters)
    -> (loss: Double, gradient: Hyperparameters)
  {
    let (loss, gradient) = valueAndGradient(at: hyperparameters) { hyperparameters in
      let model = train(data.training, hyperparameters).parameters
      return softmaxCrossEntropy(
        model(data.validation.pixels), probabilities: data.validation.labels)
    }
    return (loss.item, gradient)
  }
}
