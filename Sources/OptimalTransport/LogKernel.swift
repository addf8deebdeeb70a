import Autodiff

/// Products `log(exp(K) exp(v))` of one matrix, given by its logarithms, with a batch of vectors.
///
/// Where the entries of K are within the range of the exponential the product is one of matrices,
/// `log(exp(v - max v) exp(K)) + max v`: no term that counts underflows, and a product of matrices is far faster
/// than the exponentials of all sums. Otherwise it is done term by term.
struct LogKernel: Sendable {
  private let logMatrix: Tensor
  /// exp(K) and its transpose, if that is in range.
  private let matrices: (plain: Tensor, transposed: Tensor)?

  init(_ logMatrix: Tensor) {
    self.logMatrix = logMatrix
    // Potentials span as much as K does, so the range is used twice.
    let range = logMatrix.isTraced ? .infinity : logMatrix.max().item - logMatrix.min().item
    let limit = logMatrix.dtype == .float32 ? 35.0 : 300.0
    if range <= limit, logMatrix.count > 0 {
      let matrix = exp(logMatrix)
      matrices = (matrix, matrix.transposed())
    } else {
      matrices = nil
    }
  }

  /// `[B, n]` from v `[B, m]`; with the transpose of K `[B, m]` from `[B, n]`.
  func product(_ v: Tensor, transposed: Bool) -> Tensor {
    guard let matrices else {
      return logDomainProduct(
        logMatrix.broadcast(to: [v.shape[0]] + logMatrix.shape), v, transposed: transposed)
    }
    let largest = v.max(axes: [-1], keepsAxes: true).stoppingGradient()
    // Below this bound a term doesn't count in any sum, and its products would be denormal numbers, with which
    // processors are slow.
    let lowest = logMatrix.dtype == .float32 ? -50.0 : -345
    let weights = exp(maximum(v - largest, lowest))
    return log(matmul(weights, transposed ? matrices.plain : matrices.transposed)) + largest
  }
}
