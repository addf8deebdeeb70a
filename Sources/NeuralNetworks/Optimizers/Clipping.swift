import Autodiff

extension TensorStructure {
  /// The Euclidean norm of all elements of all tensors, a float64 scalar; its derivative at 0 is 0.
  public var globalNorm: Tensor {
    let squares = leaves.map { square($0).sum().asType(.float64) }
    guard var sum = squares.first else { return Tensor(0) }
    for part in squares.dropFirst() { sum = sum + part }
    return sum.rootWithFlatZero()
  }

  /// Scaled down as a whole so that the norm of all elements is at most `maximum`; unchanged if it is
  /// already (Pascanu, Mikolov and Bengio 2013). Where the norm is not finite nothing is changed.
  public func clipped(globalNorm maximum: Double) -> Self {
    clippedWithNorm(maximum).clipped
  }

  /// Also the norm before.
  func clippedWithNorm(_ maximum: Double) -> (clipped: Self, norm: Double) {
    precondition(maximum >= 0, "clipped: to the norm \(maximum)")
    let norm = globalNorm
    guard norm.item > maximum, norm.item.isFinite else { return (self, norm.item) }
    let factor = maximum / norm
    return (mapLeaves { $0.scaled(by: factor) }, norm.item)
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
}
