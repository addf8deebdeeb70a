import Autodiff

/// An elementwise function that is convex and nowhere falls, as convex networks need them.
public enum ConvexActivation: Sendable, Hashable {
  case relu
  /// Twice differentiable.
  case softplus
  case elu
  /// `x` above 0, `slope * x` below, for a slope from 0 to 1.
  case leakyRelu(slope: Double = 0.2)

  public func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .relu: return Autodiff.relu(x)
    case .softplus: return Autodiff.softplus(x)
    case .elu: return Autodiff.elu(x)
    case .leakyRelu(let slope):
      precondition(
        (0...1).contains(slope), "ConvexActivation: leakyRelu with slope \(slope) is not convex")
      return Autodiff.leakyRelu(x, slope: slope)
    }
  }
}

/// A network whose outputs are convex functions of its input (Amos, Xu and Kolter 2017, the fully convex
/// one):
///
///     z1 = g(y W0 + b0),   z(i+1) = g(zi softplus(Vi) + y Wi + bi)
///
/// and no g in the last layer. The weights of z are made positive by softplus, so that training keeps the
/// network convex.
public struct InputConvexNetwork: Layer {
  /// From y, one per layer: weight `[inputs, width]`, bias `[width]`.
  public var fromInput: [Linear]
  /// Vi, one per layer but the first, before softplus: `[previous width, width]`.
  public var rawWeights: [Tensor]
  public var activation: ConvexActivation

  /// Random weights.
  ///
  /// - Parameters:
  ///   - inputs: the length of y.
  ///   - hidden: the widths of the hidden layers; without any the network is affine.
  ///   - outputs: each is convex.
  public init(
    _ inputs: Int, hidden: [Int], outputs: Int = 1, activation: ConvexActivation = .softplus,
    key: RandomKey, dtype: DType = .float32
  ) {
    let sizes = hidden + [outputs]
    let keys = key.split(into: 2 * sizes.count)
    fromInput = sizes.enumerated().map { index, width in
      Linear(inputs, width, key: keys[2 * index], dtype: dtype)
    }
    rawWeights = zip(sizes, sizes.dropFirst()).enumerated().map { index, widths in
      positiveWeights(widths.0, widths.1, key: keys[2 * index + 1], dtype: dtype)
    }
    self.activation = activation
  }

  /// `[..., inputs]` to `[..., outputs]`.
  public func callAsFunction(_ y: Tensor) -> Tensor {
    var z = fromInput[0](y)
    for (index, raw) in rawWeights.enumerated() {
      z = Linear(weight: softplus(raw))(activation(z)) + fromInput[index + 1](y)
    }
    return z
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("fromInput", &fromInput)
    visit("rawWeights", &rawWeights)
  }
}

/// Weights `[inputs, outputs]` whose softplus is around `1 / inputs`, so that sums keep their size.
func positiveWeights(_ inputs: Int, _ outputs: Int, key: RandomKey, dtype: DType) -> Tensor {
  let goal = key.uniform([inputs, outputs], low: 0.5, high: 1.5) * (1 / Double(max(inputs, 1)))
  // The inverse of softplus.
  return log(expm1(goal)).asType(dtype)
}
