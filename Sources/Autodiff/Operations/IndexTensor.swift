/// An array of whole numbers of any rank, row-major: positions along an axis of a tensor.
///
/// `argSort`, `topK` and `argMax` return them, `gathering`, `lookup` and `oneHot` take them. They
/// are constants for every derivative.
public struct IndexTensor: Sendable, Hashable {
  /// The length of every axis; empty for a single number.
  public let shape: [Int]
  /// The numbers in row-major order.
  public let values: [Int]

  /// The number of axes.
  public var rank: Int { shape.count }
  /// The number of values.
  public var count: Int { values.count }

  /// A vector `[count]`.
  public init(_ values: [Int]) {
    self.init(values, shape: [values.count])
  }

  /// Numbers in row-major order; as many as the shape has places.
  public init(_ values: [Int], shape: [Int]) {
    precondition(
      elementCount(shape) == values.count,
      "IndexTensor: \(values.count) values for the shape \(shape)")
    self.shape = shape
    self.values = values
  }

  /// A matrix `[rows, columns]` from a list of rows of one length.
  public init(_ rows: [[Int]]) {
    let columns = rows.first?.count ?? 0
    for (index, row) in rows.enumerated() {
      precondition(
        row.count == columns,
        "IndexTensor: row \(index) has \(row.count) values, row 0 has \(columns)")
    }
    self.init(rows.flatMap { $0 }, shape: [rows.count, columns])
  }

  /// The only number of an index tensor with one value.
  public var item: Int {
    precondition(count == 1, "item: the shape \(shape) has \(count) values")
    return values[0]
  }

  /// The number at an index, one position per axis.
  public subscript(_ index: Int...) -> Int {
    precondition(
      index.count == rank && zip(index, shape).allSatisfy { $0 >= 0 && $0 < $1 },
      "IndexTensor: index \(index) in the shape \(shape)")
    return values[zip(index, shape).reduce(0) { $0 * $1.1 + $1.0 }]
  }

  /// The same numbers in another shape of the same count.
  public func reshaped(to shape: [Int]) -> IndexTensor {
    precondition(elementCount(shape) == count, "reshaped: \(self.shape) to \(shape)")
    return IndexTensor(values, shape: shape)
  }
}

extension IndexTensor: ExpressibleByArrayLiteral {
  public init(arrayLiteral values: Int...) { self.init(values) }
}

extension IndexTensor: CustomStringConvertible {
  /// The numbers in row-major order, then the shape.
  public var description: String { "\(values) (indices, shape \(shape))" }
}

extension Tensor {
  /// The numbers of an index tensor as elements.
  public init(indices: IndexTensor, dtype: DType = .float64) {
    self.init(indices.values.map(Double.init), shape: indices.shape, dtype: dtype)
  }
}
