import Autodiff
import CKernels

extension TensorStructure {
  /// The Euclidean norm of all elements of all tensors, a float64 scalar; its derivative at 0 is 0.
  public var globalNorm: Tensor {
    let leaves = leaves
    if leaves.allSatisfy({ !$0.isTraced }) {
      return Tensor(
        leaves.reduce(0) { $0 + tk_dot($1.typeCode, $1.count, $1.memory, $1.memory) }
          .squareRoot())
    }
    let squares = leaves.map { square($0).sum().asType(.float64) }
    guard var sum = squares.first else { return Tensor(0) }
    for part in squares.dropFirst() { sum = sum + part }
    return sum.rootWithFlatZero()
  }

  /// Scaled down as a whole so that the norm of all elements is at most `maximum`; unchanged if it is
  /// already (Pascanu, Mikolov and Bengio 2013). Where the norm is not finite nothing is changed.
  public func clipped(globalNorm maximum: Double) -> Self {
    clipped(globalNorm: maximum, from: globalNorm)
  }

  /// The same where the norm is known already.
  func clipped(globalNorm maximum: Double, from norm: Tensor) -> Self {
    precondition(maximum >= 0, "clipped: to the norm \(maximum)")
    guard norm.item > maximum, norm.item.isFinite else { return self }
    let factor = maximum / norm
    return mapLeaves { $0.scaled(by: factor) }
  }

  /// Every element limited to `-maximum ... maximum`.
  public func clipped(value maximum: Double) -> Self {
    precondition(maximum >= 0, "clipped: to the value \(maximum)")
    return mapLeaves { clip($0, -maximum, maximum) }
  }
}

/// How gradients are limited before a step.
public enum GradientClipping: Sendable, Hashable {
  /// As a whole, to a norm of all elements.
  case globalNorm(Double)
  /// Every element by itself.
  case value(Double)

  public func callAsFunction<Gradient: TensorStructure>(_ gradient: Gradient) -> Gradient {
    switch self {
    case .globalNorm(let maximum): gradient.clipped(globalNorm: maximum)
    case .value(let maximum): gradient.clipped(value: maximum)
    }
  }

  /// The same in place, where the norm is known already.
  func clip<Gradient: TensorStructure>(_ gradient: inout Gradient, norm: Tensor) {
    switch self {
    case .globalNorm(let maximum): gradient = gradient.clipped(globalNorm: maximum, from: norm)
    case .value(let maximum): gradient = gradient.clipped(value: maximum)
    }
  }
}
