import Argmin

/// A step of MAML on 25 sinusoids, ten points to learn from and ten to be judged by, a rectifier network
/// 1-40-40-1, five inner steps of gradient descent, second order; Adam on the initial parameters.
struct MetaTraining: TensorTask {
  private static let tasks = 25
  private static let widths = [1, 40, 40, 1]

  private let support: (points: Tensor, values: Tensor)  // [tasks, 10, 1]
  private let query: (points: Tensor, values: Tensor)
  private var parameters: [Tensor]
  private let optimizer = Adam(learningRate: 1e-3)
  private var state: OptimizerState
  private var loss = Tensor(0)

  init(dtype: DType) {
    let tasks = [Self.tasks, 1, 1]
    let amplitude = TensorNoise.tensor(tasks, stream: 1, scale: 2.45, shift: 2.55, dtype: .float64)
    let phase = TensorNoise.tensor(
      tasks, stream: 2, scale: .pi / 2, shift: .pi / 2, dtype: .float64)
    let points = TensorNoise.tensor([Self.tasks, 20, 1], stream: 3, scale: 5, dtype: .float64)
    let values = (amplitude * sin(points - phase)).asType(dtype)
    let rounded = points.asType(dtype)
    support = (rounded.slice(axis: 1, 0..<10), values.slice(axis: 1, 0..<10))
    query = (rounded.slice(axis: 1, 10..<20), values.slice(axis: 1, 10..<20))
    parameters = TensorNoise.layers(Self.widths, firstStream: 100, dtype: dtype)
    state = optimizer.initialState(for: parameters)
  }

  mutating func step() {
    let (value, gradient) = valueAndGradient(at: parameters, of: metaLoss)
    optimizer.update(&parameters, gradient: gradient, state: &state)
    loss = value
  }

  mutating func check() -> Double {
    for _ in 0...5 { step() }
    return loss.item
  }

  private func metaLoss(_ parameters: [Tensor]) -> Tensor {
    // A copy of the parameters for each task: weights [tasks, in, out], biases [tasks, 1, out].
    var fast = parameters.map { parameter in
      let matrix = parameter.rank == 1 ? parameter.expandingAxis(0) : parameter
      return matrix.broadcast(to: [Self.tasks] + matrix.shape)
    }
    for _ in 0..<5 {
      // The sum over tasks: the gradient with respect to each task's parameters is that of its own loss.
      let slope = gradient(at: fast) { fast in totalLoss(fast, support) }
      fast = zip(fast, slope).map { $0 - $1 * 0.01 }
    }
    return totalLoss(fast, query) / Double(Self.tasks)
  }

  /// The sum over tasks of the mean squared error.
  private func totalLoss(_ fast: [Tensor], _ data: (points: Tensor, values: Tensor)) -> Tensor {
    var hidden = relu(matmul(data.points, fast[0]) + fast[1])
    hidden = relu(matmul(hidden, fast[2]) + fast[3])
    let error = matmul(hidden, fast[4]) + fast[5] - data.values
    return square(error).sum() * (1 / Double(data.points.shape[1]))
  }
}
