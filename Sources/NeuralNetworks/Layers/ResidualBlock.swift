import Autodiff

/// `x + body(x)` (He, Zhang, Ren and Sun 2016); the body keeps the shape.
public struct ResidualBlock<Body: Layer>: Layer {
  public var body: Body

  public init(_ body: Body) { self.body = body }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let change = body(x)
    precondition(
      change.shape == x.shape,
      "ResidualBlock: x of shape \(x.shape), body(x) of shape \(change.shape)")
    return x + change
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("body", &body)
  }
}
