// Triangles, diagonals and products of vectors, for batches: the last two axes are a matrix
// `[..., rows, columns]`. Diagonals are numbered from the main one, 0, with positive numbers above.

extension Tensor {
  /// The elements on and below a diagonal, zero above it.
  public func lowerTriangle(diagonal: Int = 0) -> Tensor {
    triangle("lowerTriangle") { row, column in column - row <= diagonal }
  }

  /// The elements on and above a diagonal, zero below it.
  public func upperTriangle(diagonal: Int = 0) -> Tensor {
    triangle("upperTriangle") { row, column in column - row >= diagonal }
  }

  /// Chosen by a mask, not multiplied with it: what is cut off may be NaN.
  private func triangle(_ operation: String, _ isKept: (Int, Int) -> Bool) -> Tensor {
    precondition(rank >= 2, "\(operation): the shape \(shape) has less than two axes")
    let (rows, columns) = (shape[rank - 2], shape[rank - 1])
    let mask = Tensor(uninitialized: [rows, columns], dtype: dtype)
    for row in 0..<rows {
      for column in 0..<columns {
        mask.write(isKept(row, column) ? 1 : 0, at: row * columns + column)
      }
    }
    return select(mask, self, Tensor(0, dtype: dtype))
  }

  /// The elements of a diagonal: `[..., length]`; of length 0 outside the matrix.
  public func diagonalPart(_ diagonal: Int = 0) -> Tensor {
    precondition(rank >= 2, "diagonalPart: the shape \(shape) has less than two axes")
    return reading(diagonalView(diagonal, in: shape))
  }

  /// Square matrices `[..., n + |k|, n + |k|]` with the vectors `[..., n]` on diagonal k and zero
  /// elsewhere.
  public func diagonalMatrix(_ diagonal: Int = 0) -> Tensor {
    precondition(rank >= 1, "diagonalMatrix: a scalar has no vectors")
    let size = shape[rank - 1] + Swift.abs(diagonal)
    let target = Array(shape.dropLast() + [size, size])
    return addingUp(diagonalView(diagonal, in: target), in: target)
  }

  private func diagonalView(_ diagonal: Int, in shape: [Int]) -> StridedView {
    let strides = contiguousStrides(shape)
    let (rows, columns) = (shape[shape.count - 2], shape[shape.count - 1])
    let row = Swift.max(-diagonal, 0)
    let column = Swift.max(diagonal, 0)
    return StridedView(
      shape: shape.dropLast(2) + [Swift.max(0, Swift.min(rows - row, columns - column))],
      strides: strides.dropLast(2) + [columns + 1], offset: row * columns + column)
  }

  /// The sum of the diagonal: `[...]`.
  public func matrixTrace() -> Tensor {
    precondition(rank >= 2, "matrixTrace: the shape \(shape) has less than two axes")
    return diagonalPart().sum(axis: -1)
  }
}

/// The products of all elements of vectors `[..., m]` and `[..., n]`: `[..., m, n]`, with
/// broadcasting of the batch axes.
public func outerProduct(_ a: Tensor, _ b: Tensor) -> Tensor {
  precondition(
    a.rank >= 1 && b.rank >= 1, "outerProduct: \(a.shape) x \(b.shape), one has no axis")
  return a.expandingAxis(-1) * b.expandingAxis(-2)
}
