import CKernels
import LinearAlgebra

// Between tensors and the solvers' matrices and vectors, which are float64; the elements are copied.

extension Tensor {
  /// A tensor `[rows, columns]`.
  public init(_ matrix: Matrix, dtype: DType = .float64) {
    self.init(uninitialized: [matrix.rows, matrix.columns], dtype: dtype)
    matrix.withUnsafeBufferPointer { source in
      tk_convert(DType.float64.rawValue, typeCode, count, source.baseAddress, memory)
    }
  }

  /// A tensor `[count]`.
  public init(_ vector: Vector, dtype: DType = .float64) {
    self.init(uninitialized: [vector.count], dtype: dtype)
    vector.withUnsafeBufferPointer { source in
      tk_convert(DType.float64.rawValue, typeCode, count, source.baseAddress, memory)
    }
  }
}

extension Matrix {
  /// The elements of a tensor with two axes, as plain numbers.
  public init(_ tensor: Tensor) {
    precondition(tensor.rank == 2, "Matrix: a tensor of shape \(tensor.shape)")
    self.init(rows: tensor.shape[0], columns: tensor.shape[1], elements: tensor.scalars)
  }
}

extension Vector {
  /// The elements of a tensor with one axis, as plain numbers.
  public init(_ tensor: Tensor) {
    precondition(tensor.rank == 1, "Vector: a tensor of shape \(tensor.shape)")
    self.init(tensor.scalars)
  }
}
