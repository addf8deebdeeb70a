import Argmin
import Foundation

/// A hundred Sinkhorn iterations in the log domain between uniform marginals, and the gradient of the
/// transport cost with respect to the cost matrix, through all iterations.
struct TransportGradient: TensorTask {
  private static let epsilon = 0.05
  private static let iterations = 100

  private let cost: Tensor  // [size, size]
  private let weights: Tensor
  private var value = Tensor(0)
  private var slope: Tensor

  init(size: Int, dtype: DType) {
    func points(_ stream: Int) -> Tensor {
      TensorNoise.tensor([size, 2], stream: stream, scale: 0.5, shift: 0.5, dtype: .float64)
    }
    let difference = points(1).expandingAxis(1) - points(2).expandingAxis(0)
    cost = square(difference).sum(axis: -1).asType(dtype)
    weights = TensorNoise.tensor([size, size], stream: 3, dtype: dtype)
    slope = cost
  }

  mutating func step() {
    (value, slope) = valueAndGradient(at: cost, of: Self.transportCost)
  }

  mutating func check() -> Double {
    step()
    return value.item + (slope * weights).sum().item
  }

  private static func transportCost(_ cost: Tensor) -> Tensor {
    let kernel = cost * (-1 / epsilon)
    let logMass = -log(Double(cost.shape[0]))
    var phi = Tensor.zeros([cost.shape[0]], dtype: cost.dtype)
    var psi = Tensor.zeros([cost.shape[1]], dtype: cost.dtype)
    for _ in 0..<iterations {
      phi = -logDomainProduct(kernel, psi + logMass)
      psi = -logDomainProduct(kernel, phi + logMass, transposed: true)
    }
    let plan = exp(kernel + (phi + logMass).expandingAxis(-1) + (psi + logMass))
    return (plan * cost).sum()
  }
}
