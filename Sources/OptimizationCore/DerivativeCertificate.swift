/// What is returned where the solution map is not differentiable.
public enum DegeneratePolicy: Sendable, Equatable {
  /// Keep every constraint that is active within tolerance and return the solution of least
  /// Euclidean norm of the (consistent or least-squares) linear system in the unscaled variables.
  case leastNorm
  /// The derivative of the point of the central path with this barrier parameter.
  case smoothed(barrier: Double)
  /// NaN, so that the item cannot be overlooked.
  case nan
  /// Throw `DerivativeError.degenerate`.
  case throwing
}

/// How far a derivative of one problem's solution map can be trusted.
public struct DerivativeCertificate: Sendable, Equatable {
  public enum Kind: String, Sendable {
    /// The solution map is differentiable here and this is its derivative, to `errorEstimate`.
    case exact = "exact"
    /// The map is not differentiable here, or the duals are not unique: the least-norm element.
    case leastNorm = "least-norm"
    /// A derivative to `errorEstimate` only: at a point that is almost optimal, where it is not certain which
    /// constraints are active, or of a linear system that was solved to a relative residual above 1e-6.
    case approximate = "approximate"
    /// The derivative of the central-path point.
    case smoothed = "smoothed"
    /// There is no derivative: the problem was not solved, its linear system was not (a relative residual
    /// above 0.1), or the policy asks for NaN.
    case undefined = "undefined"
  }

  public var kind: Kind
  /// Inequality rows whose slack and multiplier both vanish.
  public var weaklyActive: [Int]
  /// The number of active constraints that depend on the others: the multipliers are not unique.
  public var rankDeficiency: Int
  /// The dimension of the set of directions along which the solution is not unique.
  public var freeDirections: Int
  /// Relative residual of the linear system of `vjp`, nil for a `jvp`.
  public var adjointResidual: Double?
  /// Relative residual of the linear system of `jvp`, nil for a `vjp`.
  public var forwardResidual: Double?
  /// Estimated relative error of the derivative; NaN where there is none.
  public var errorEstimate: Double

  public init(
    kind: Kind, weaklyActive: [Int] = [], rankDeficiency: Int = 0, freeDirections: Int = 0,
    adjointResidual: Double? = nil, forwardResidual: Double? = nil, errorEstimate: Double
  ) {
    self.kind = kind
    self.weaklyActive = weaklyActive
    self.rankDeficiency = rankDeficiency
    self.freeDirections = freeDirections
    self.adjointResidual = adjointResidual
    self.forwardResidual = forwardResidual
    self.errorEstimate = errorEstimate
  }

  /// The largest relative residual of the linear system behind a derivative that is called exact.
  package static let largestExactResidual = 1e-6
  /// The largest relative residual of the linear system behind any derivative.
  package static let largestResidual = 0.1

  /// The certificate with the kind that the residual of the linear system allows.
  package var limitedByResidual: DerivativeCertificate {
    let residual = max(adjointResidual ?? 0, forwardResidual ?? 0)
    var result = self
    if !(residual <= Self.largestResidual) {
      result.kind = .undefined
    } else if residual > Self.largestExactResidual, kind == .exact {
      result.kind = .approximate
    }
    return result
  }

  /// Whether the solution map is not differentiable here, or only by a convention.
  public var isDegenerate: Bool {
    !weaklyActive.isEmpty || rankDeficiency > 0 || freeDirections > 0
  }
}

/// Why a derivative was refused.
public enum DerivativeError: Error, Sendable, Equatable {
  /// The item is degenerate and the policy is `.throwing`.
  case degenerate(item: Int, certificate: DerivativeCertificate)
  /// The item was not solved and the policy is `.throwing`.
  case unsolved(item: Int, status: SolveStatus)
  /// The barrier of `.smoothed` is not a positive number.
  case invalidBarrier(Double)
}

extension DerivativeError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .degenerate(let item, let certificate):
      "item \(item) has no unique derivative: \(certificate.weaklyActive.count) weakly active rows, "
        + "rank deficiency \(certificate.rankDeficiency), "
        + "\(certificate.freeDirections) free directions"
    case .unsolved(let item, let status):
      "item \(item) was not solved (\(status.rawValue)), so it has no derivative"
    case .invalidBarrier(let barrier):
      "the barrier of the smoothed derivative must be positive and finite, not \(barrier)"
    }
  }
}
