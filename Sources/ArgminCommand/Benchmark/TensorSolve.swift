import Argmin

/// The sum of squares of the solutions of a batch of positive definite systems by Cholesky, and its gradient
/// with respect to matrices and right-hand sides.
struct PositiveDefiniteSolve: TensorTask {
  private let matrices: Tensor  // [batch, size, size]
  private let sides: Tensor  // [batch, size]
  private let weights: (Tensor, Tensor)
  private var value = Tensor(0)
  private var slope: (Tensor, Tensor)

  init(size: Int, batch: Int, dtype: DType) {
    let square = [batch, size, size]
    let factor = TensorNoise.tensor(square, stream: 1, dtype: .float64)
    let product = matmul(factor, factor, transposeB: true) / Double(size)
    matrices = (product + Tensor.identity(size) * 0.5).asType(dtype)
    sides = TensorNoise.tensor([batch, size], stream: 2, dtype: dtype)
    weights = (
      TensorNoise.tensor(square, stream: 3, dtype: dtype),
      TensorNoise.tensor([batch, size], stream: 4, dtype: dtype)
    )
    slope = weights
  }

  mutating func step() throws {
    (value, slope) = try valueAndGradient(at: matrices, sides) { matrices, sides in
      square(try symmetricSolve(matrices, vector: sides)).sum()
    }
  }

  mutating func check() throws -> Double {
    try step()
    return value.item + (slope.0 * weights.0).sum().item + (slope.1 * weights.1).sum().item
  }
}
