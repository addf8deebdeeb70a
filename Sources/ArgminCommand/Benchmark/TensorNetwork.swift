import Argmin

/// A network with three hidden layers of one size, tanh and ten classes, and a batch to train it on.
private struct ClassificationBatch {
  let inputs: Tensor  // [batch, size]
  let labels: Tensor  // [batch, 10], one-hot

  init(size: Int, batch: Int, dtype: DType) {
    inputs = TensorNoise.tensor([batch, size], stream: 1, dtype: dtype)
    labels = Tensor(
      (0..<batch).map { item in
        (0..<10).map { $0 == (7 * item + 3) % 10 ? 1 : 0 }
      }, dtype: dtype)
  }

  static func widths(_ size: Int) -> [Int] { [size, size, size, size, 10] }

  /// The mean cross-entropy for weights and biases in turn.
  func loss(_ parameters: [Tensor]) -> Tensor {
    var hidden = inputs
    for layer in stride(from: 0, to: parameters.count - 2, by: 2) {
      hidden = tanh(matmul(hidden, parameters[layer]) + parameters[layer + 1])
    }
    let scores = matmul(hidden, parameters[parameters.count - 2]) + parameters[parameters.count - 1]
    return (scores.logSoftmax() * labels).sum() * (-1 / Double(inputs.shape[0]))
  }
}

/// A training step: forward, backward, Adam.
struct NetworkTraining: TensorTask {
  private let batch: ClassificationBatch
  private var parameters: [Tensor]
  private let optimizer = Adam(learningRate: 1e-3)
  private var state: OptimizerState
  private var loss = Tensor(0)

  init(size: Int, batch: Int, dtype: DType) {
    self.batch = ClassificationBatch(size: size, batch: batch, dtype: dtype)
    parameters = TensorNoise.layers(
      ClassificationBatch.widths(size), firstStream: 100, dtype: dtype)
    state = optimizer.initialState(for: parameters)
  }

  mutating func step() {
    let (value, gradient) = valueAndGradient(at: parameters, of: batch.loss)
    optimizer.update(&parameters, gradient: gradient, state: &state)
    loss = value
  }

  mutating func check() -> Double {
    for _ in 0...10 { step() }
    return loss.item
  }
}

/// The product of the loss's Hessian with a direction, both made of weights and biases.
struct HessianProduct: TensorTask {
  private let batch: ClassificationBatch
  private let parameters: [Tensor]
  private let direction: [Tensor]
  private var product: [Tensor] = []

  init(size: Int, batch: Int, dtype: DType) {
    self.batch = ClassificationBatch(size: size, batch: batch, dtype: dtype)
    let widths = ClassificationBatch.widths(size)
    parameters = TensorNoise.layers(widths, firstStream: 100, dtype: dtype)
    direction = TensorNoise.layers(widths, firstStream: 200, dtype: dtype)
  }

  mutating func step() {
    product = hessianVectorProduct(at: parameters, along: direction, of: batch.loss).product
  }

  mutating func check() -> Double {
    step()
    return zip(product, direction).reduce(0) { $0 + ($1.0 * $1.1).sum().item }
  }
}
