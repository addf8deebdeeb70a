/// Normal distributions of vectors, `N(mean, L L')` with the Cholesky factor L of the covariance.
///
/// Only the lower triangle of the factor is read, the derivative with respect to the rest is zero.
/// Its diagonal may have any signs; with a zero on it one can draw but there is no density: NaN or
/// infinite.
public struct FullGaussian: Distribution {
  /// `[..., n]`
  public var mean: Tensor
  /// L, lower triangular, `[..., n, n]`
  public var choleskyFactor: Tensor

  /// - Parameters:
  ///   - mean: `[..., n]`
  ///   - choleskyFactor: `[..., n, n]`; batch axes are broadcast.
  public init(mean: Tensor, choleskyFactor: Tensor) {
    requireSameType(mean, choleskyFactor, "FullGaussian")
    precondition(
      mean.rank >= 1 && choleskyFactor.rank >= 2
        && choleskyFactor.shape.suffix(2) == [
          mean.shape[mean.rank - 1], mean.shape[mean.rank - 1],
        ],
      "FullGaussian: mean \(mean.shape), Cholesky factor \(choleskyFactor.shape)")
    self.mean = mean
    self.choleskyFactor = choleskyFactor
  }

  /// The distributions with covariances `[..., n, n]`; throws where one is not positive definite.
  public init(mean: Tensor, covariance: Tensor) throws(TensorLinearAlgebraError) {
    self.init(mean: mean, choleskyFactor: try cholesky(covariance))
  }

  public var batchShape: [Int] {
    broadcastShape(mean.shape.dropLast(), choleskyFactor.shape.dropLast(2), "FullGaussian")
  }

  /// `L L'`, `[..., n, n]`
  public var covariance: Tensor { matmul(factor, factor, transposeB: true) }

  private var dimension: Int { mean.shape[mean.rank - 1] }
  private var factor: Tensor { Triangle.lower.part(of: choleskyFactor) }

  /// Half the logarithm of the covariance's determinant, of the factor's batch axes.
  private var logDeterminant: Tensor { log(abs(choleskyFactor.diagonalPart())).sum(axis: -1) }

  /// `mean + L noise`
  public func sample(_ key: RandomKey, shape: [Int] = []) -> Tensor {
    let noise = key.normal(shape + batchShape + [dimension], dtype: mean.dtype)
    let L = factor
    if L.rank > 2 { return mean + matrixVectorProduct(L, noise) }
    // One matrix for all draws: a single product of all rows.
    let rows = noise.reshaped(to: [noise.count / Swift.max(dimension, 1), dimension])
    return mean + matmul(rows, L, transposeB: true).reshaped(to: noise.shape)
  }

  /// `-|L^-1 (x - mean)|^2 / 2 - log|det L| - n log(2 pi) / 2`
  public func logDensity(_ x: Tensor) -> Tensor {
    let z = whitened(x - mean)
    return square(z).sum(axis: -1) * -0.5 - logDeterminant - Double(dimension) * halfLogTwoPi
  }

  /// `log|det L| + n (1 + log(2 pi)) / 2`
  public func entropy() -> Tensor {
    logDeterminant.broadcast(to: batchShape) + Double(dimension) * (0.5 + halfLogTwoPi)
  }

  /// `(|Lq^-1 Lp|^2 + |Lq^-1 (mq - mp)|^2 - n) / 2 + log|det Lq| - log|det Lp|`, with the Frobenius
  /// norm.
  public func kullbackLeibler(to other: FullGaussian) -> Tensor {
    precondition(
      dimension == other.dimension,
      "kullbackLeibler: means of shape \(mean.shape) and \(other.mean.shape)")
    let (factors, right, restore) = withCommonBatch(
      other.choleskyFactor, factor, "kullbackLeibler")
    let ratio = restore(Triangle.lower.solve(factors, right))
    let distance = other.whitened(mean - other.mean)
    let squares = square(ratio).sum(axes: [-2, -1]) + square(distance).sum(axis: -1)
    return (squares - Double(dimension)) * 0.5 + other.logDeterminant - logDeterminant
  }

  /// `L^-1 d` for vectors d `[..., n]`
  private func whitened(_ d: Tensor) -> Tensor {
    let (factors, right, restore) = withCommonBatch(
      choleskyFactor, d.expandingAxis(-1), "FullGaussian")
    return restore(Triangle.lower.solve(factors, right)).squeezingAxis(-1)
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("mean", &mean)
    visit("choleskyFactor", &choleskyFactor)
  }
}
