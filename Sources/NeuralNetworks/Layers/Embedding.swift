import Autodiff

/// A vector for every number below a count.
public struct Embedding: TensorStructure {
  /// The vectors: `[count, width]`.
  public var table: Tensor

  /// Random vectors, with normal elements of variance 1 unless said otherwise.
  public init(
    _ count: Int, _ width: Int, initializer: Initializer = .normal { _, _ in 1 }, key: RandomKey,
    dtype: DType = .float32
  ) {
    table = initializer([count, width], inputs: count, outputs: width, key: key, dtype: dtype)
  }

  /// The vectors of indices of any shape: `[indices' shape..., width]`.
  public func callAsFunction(_ indices: IndexTensor) -> Tensor { table.lookup(indices) }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("table", &table)
  }
}
