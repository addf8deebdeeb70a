import Autodiff

/// Lists of tensors as float64 vectors `[items, length]`, which the linear solvers work with, and back.
struct FlatVectors: Sendable {
  let items: Int
  let length: Int
  private let shapes: [[Int]]
  private let types: [DType]

  /// - Parameter isBatched: whether the first axis of every tensor counts independent items.
  init(like tensors: [Tensor], isBatched: Bool, _ name: String) {
    shapes = tensors.map(\.shape)
    types = tensors.map(\.dtype)
    let total = tensors.reduce(0) { $0 + $1.count }
    guard isBatched else {
      items = 1
      length = total
      return
    }
    let count = shapes.first?.first ?? 0
    precondition(
      shapes.allSatisfy { $0.first == count },
      "\(name): batched, but the first axes of the shapes \(shapes) differ")
    items = count
    length = count == 0 ? 0 : total / count
  }

  /// The smallest relative residual that products computed in these types can lead to.
  var attainableTolerance: Double { types.contains(.float32) ? 1e-6 : 0 }

  func flattened(_ tensors: [Tensor]) -> Tensor {
    if tensors.isEmpty { return Tensor.zeros([items, length]) }
    return concatenate(
      tensors.map {
        $0.asType(.float64).reshaped(to: [items, items == 0 ? 0 : $0.count / items])
      }, axis: 1)
  }

  func unflattened(_ vectors: Tensor) -> [Tensor] {
    var start = 0
    return zip(shapes, types).map { shape, dtype in
      let count = items == 0 ? 0 : elementCount(shape) / items
      defer { start += count }
      return vectors.slice(axis: 1, start..<start + count).reshaped(to: shape).asType(dtype)
    }
  }

  /// The largest absolute value of every item, NaN if there is one.
  static func largest(_ vectors: Tensor) -> [Double] {
    let values = vectors.scalars
    let length = vectors.shape[1]
    return (0..<vectors.shape[0]).map { item in
      values[item * length..<(item + 1) * length].reduce(0) {
        $0.isNaN || $1.isNaN ? .nan : max($0, abs($1))
      }
    }
  }
}
