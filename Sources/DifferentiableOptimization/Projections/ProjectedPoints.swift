import Autodiff
import LinearAlgebra

/// The derivatives of projections at the points of a tensor, kept from the forward pass.
///
/// `products` is written once, before anything reads it.
final class ProjectedPoints: @unchecked Sendable {
  /// What the derivative of the product with the derivative is.
  enum NestedDerivative: Sendable {
    /// The derivative of the projection does not change near a point.
    case locallyConstant
    /// The product of the derivative at a point with a direction, in tensor operations.
    case composed(@Sendable (_ point: Tensor, _ direction: Tensor) -> Tensor)
    /// There is none.
    case none
  }

  private let name: String
  private let nested: NestedDerivative
  private var products: [(Vector) -> Vector] = []

  private init(name: String, nested: NestedDerivative) {
    self.name = name
    self.nested = nested
  }

  /// The projections of the points along the last axis.
  ///
  /// - Parameters:
  ///   - name: what a missing second derivative is called.
  ///   - project: the projection of a point and the product with its (symmetric) derivative.
  static func projected(
    _ v: Tensor, named name: String,
    _ project: (Vector) -> (value: Vector, product: (Vector) -> Vector), nested: NestedDerivative
  ) -> Tensor {
    let points = ProjectedPoints(name: name, nested: nested)
    return primitive(
      named: name, [v],
      { operands in
        var products: [(Vector) -> Vector] = []
        let result = mapRows(operands[0]) { _, point in
          let (value, product) = project(point)
          products.append(product)
          return value
        }
        points.products = products
        return [result]
      },
      vjp: { operands, _, cotangents, _ in
        [cotangents[0].map { points.product(at: operands[0], times: $0) }]
      },
      jvp: { operands, _, tangents in
        [tangents[0].map { points.product(at: operands[0], times: $0) }]
      })[0]
  }

  private func product(at point: Tensor, times direction: Tensor) -> Tensor {
    if !point.isTraced && !direction.isTraced { return plainProduct(direction) }
    switch nested {
    case .composed(let product): return product(point, direction)
    case .locallyConstant: return linearProduct(direction)
    case .none:
      precondition(!point.isTraced, "\(name) is not available for these cones")
      return linearProduct(direction)
    }
  }

  private func linearProduct(_ direction: Tensor) -> Tensor {
    linear(direction, { self.plainProduct($0) }, transpose: { self.linearProduct($0) })
  }

  private func plainProduct(_ direction: Tensor) -> Tensor {
    mapRows(direction) { index, row in products[index](row) }
  }
}

/// The rows along the last axis, each replaced by a vector of the same length.
private func mapRows(_ tensor: Tensor, _ body: (Int, Vector) -> Vector) -> Tensor {
  let count = tensor.shape[tensor.rank - 1]
  let result = Tensor(uninitialized: tensor.shape, dtype: .float64)
  for index in 0..<(count == 0 ? 0 : tensor.count / count) {
    let row = AlignedBuffer(uninitializedCount: count)
    row.pointer.update(from: tensor.doubles + index * count, count: count)
    let value = body(index, Vector(storage: row))
    (result.doubles + index * count).update(from: value.storage.pointer, count: count)
  }
  return result
}
