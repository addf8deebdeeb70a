import Argmin

/// A hundred elementwise operations on few elements: what an operation costs by itself.
struct OperationChain: TensorTask {
  private let start: Tensor
  private let factor: Tensor
  private let term: Tensor
  private let weights: Tensor
  private var result: Tensor

  init(size: Int, dtype: DType) {
    start = TensorNoise.tensor([size], stream: 1, dtype: dtype)
    factor = TensorNoise.tensor([size], stream: 2, scale: 0.1, shift: 1.1, dtype: dtype)
    term = TensorNoise.tensor([size], stream: 3, scale: 0.1, dtype: dtype)
    weights = TensorNoise.tensor([size], stream: 4, dtype: dtype)
    result = start
  }

  mutating func step() {
    result = chain(start)
  }

  mutating func check() -> Double {
    step()
    return weightedSum
  }

  /// tanh, times a factor, plus a term, in turn.
  private func chain(_ x: Tensor) -> Tensor {
    var x = x
    for index in 0..<100 {
      switch index % 3 {
      case 0: x = tanh(x)
      case 1: x = x * factor
      default: x = x + term
      }
    }
    return x
  }

  /// The chain's gradient with respect to where it starts, with a cotangent given.
  fileprivate mutating func differentiate() {
    result = vjp(at: start, of: chain).pullback(weights)
  }

  fileprivate var weightedSum: Double { (result * weights).sum().item }
}

/// The same with its pullback.
struct OperationChainGradient: TensorTask {
  private var chain: OperationChain

  init(size: Int, dtype: DType) {
    chain = OperationChain(size: size, dtype: dtype)
  }

  mutating func step() {
    chain.differentiate()
  }

  mutating func check() -> Double {
    step()
    return chain.weightedSum
  }
}
