import Autodiff

/// An elementwise function between layers.
public enum Activation: Sendable {
  case identity, relu, elu, gelu, silu, sigmoid, softplus, tanh
  /// `x` above 0, `slope * x` below.
  case leakyRelu(slope: Double = 0.01)
  /// Any function of a tensor that keeps its shape.
  case custom(@Sendable (Tensor) -> Tensor)

  public func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .identity: x
    case .relu: Autodiff.relu(x)
    case .elu: Autodiff.elu(x)
    case .gelu: Autodiff.gelu(x)
    case .silu: Autodiff.silu(x)
    case .sigmoid: Autodiff.sigmoid(x)
    case .softplus: Autodiff.softplus(x)
    case .tanh: Autodiff.tanh(x)
    case .leakyRelu(let slope): Autodiff.leakyRelu(x, slope: slope)
    case .custom(let function): function(x)
    }
  }

  /// What weights in front of this function are usually drawn from: He's normal distribution where about
  /// half of the numbers are cut off, else Glorot's uniform one.
  public var initializer: Initializer {
    switch self {
    case .relu, .elu, .gelu, .silu, .leakyRelu: .heNormal
    case .identity, .sigmoid, .softplus, .tanh, .custom: .glorotUniform
    }
  }
}
