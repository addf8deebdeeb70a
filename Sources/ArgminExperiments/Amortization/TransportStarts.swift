import Argmin

/// Starts for Sinkhorn's iteration that cost little and need no training.
enum TransportStarts {
  /// The potential of the optimal transport between two Gaussians with the means and covariances of the measures
  /// (Gelbrich 1990), for points in the plane and their squared distance: `f(x) = |x|² - 2 φ(x)` where
  /// `∇φ(x) = m_b + A (x - m_a)` is the optimal map, with A the geometric mean of the inverse of the first
  /// covariance and the second.
  ///
  /// - Parameter points: `[n, 2]`, of both measures.
  static func gaussian(_ pair: Pair<Tensor, Tensor>, points: Tensor) -> Tensor {
    let (meanA, covarianceA) = moments(pair.first, points)
    let (meanB, covarianceB) = moments(pair.second, points)
    let A = geometricMean(covarianceA.inverse, covarianceB)
    // Each coordinate `[B, n]`.
    let (x, y) = (
      points.slice(axis: 1, 0..<1).transposed(), points.slice(axis: 1, 1..<2).transposed()
    )
    let (dx, dy) = (x - meanA.x, y - meanA.y)
    let form = (A.xx * square(dx) + A.xy * dx * dy * 2 + A.yy * square(dy)) * 0.5
    let potential = form + meanB.x * x + meanB.y * y
    return square(x) + square(y) - potential * 2
  }

  /// The potential after one iteration for each of some larger strengths of the regularization, from large to small
  /// (Schmitzer 2019).
  struct EpsilonScaling: Sendable {
    private let levels: [EntropicTransport]

    /// The number of iterations.
    var iterations: Int { levels.count }

    /// - Parameters:
    ///   - factor: between a strength and the next.
    ///   - largest: the strength at the beginning.
    init(of transport: EntropicTransport, from largest: Double, factor: Double) {
      var levels: [EntropicTransport] = []
      var epsilon = transport.epsilon * factor
      while epsilon <= largest {
        levels.append(EntropicTransport(cost: transport.cost, epsilon: epsilon))
        epsilon *= factor
      }
      self.levels = levels.reversed()
    }

    func callAsFunction(_ pair: Pair<Tensor, Tensor>) -> Tensor? {
      guard let first = levels.first else { return nil }
      return levels.reduce(first.coldStart(for: pair)) { $1.step($0, for: pair) }
    }
  }

  // MARK: - Moments in the plane

  private struct Symmetric {
    /// `[B, 1]` each.
    let xx: Tensor
    let xy: Tensor
    let yy: Tensor

    var determinant: Tensor { xx * yy - square(xy) }

    var inverse: Symmetric {
      let determinant = determinant
      return Symmetric(xx: yy / determinant, xy: -xy / determinant, yy: xx / determinant)
    }
  }

  private static func moments(
    _ mass: Tensor, _ points: Tensor
  ) -> (mean: (x: Tensor, y: Tensor), covariance: Symmetric) {
    func expectation(_ values: Tensor) -> Tensor { matmul(mass, values) }
    let (x, y) = (points.slice(axis: 1, 0..<1), points.slice(axis: 1, 1..<2))
    let (meanX, meanY) = (expectation(x), expectation(y))
    // A measure may be a single point.
    let least = 1e-6
    return (
      (meanX, meanY),
      Symmetric(
        xx: expectation(square(x)) - square(meanX) + least,
        xy: expectation(x * y) - meanX * meanY,
        yy: expectation(square(y)) - square(meanY) + least)
    )
  }

  /// The geometric mean of two positive definite matrices of order two: `P/α + Q/β` with the roots α and β of the
  /// determinants, scaled to the determinant α β (Bhatia 2007, Positive definite matrices, proposition 4.1.12).
  private static func geometricMean(_ P: Symmetric, _ Q: Symmetric) -> Symmetric {
    let (alpha, beta) = (sqrt(P.determinant), sqrt(Q.determinant))
    let sum = Symmetric(
      xx: P.xx / alpha + Q.xx / beta, xy: P.xy / alpha + Q.xy / beta,
      yy: P.yy / alpha + Q.yy / beta)
    let factor = sqrt(alpha * beta / sum.determinant)
    return Symmetric(xx: sum.xx * factor, xy: sum.xy * factor, yy: sum.yy * factor)
  }
}
