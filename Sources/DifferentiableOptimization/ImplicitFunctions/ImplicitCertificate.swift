import Dispatch

/// A solution that is a differentiable function of its context, and how far it can be trusted.
public struct ImplicitSolution<Value: Sendable>: Sendable {
  /// The solution; derivatives with respect to the context are those of the implicit function.
  public let value: Value
  public let certificate: ImplicitCertificate
}

/// How well a solution satisfies its optimality condition, and how well the linear systems of its
/// derivatives were solved.
///
/// The implicit derivative of a point that is not a solution is not the derivative of anything: look at
/// `isConverged`. The part about linear systems is empty until a derivative was taken.
public final class ImplicitCertificate: @unchecked Sendable {
  /// Of each item (one, if not batched): the largest element of the condition, relative to 1 plus the
  /// largest element of the solution. NaN if any is.
  public let residuals: [Double]
  /// The residual up to which an item counts as converged.
  public let residualTolerance: Double
  private let lock = DispatchSemaphore(value: 1)
  private var record = LinearSolves()

  /// What happened in the linear solves of the derivatives taken so far, also nested ones.
  public struct LinearSolves: Sendable, Equatable {
    /// How many systems were solved.
    public var count = 0
    /// Products with the Jacobian or its transpose, all systems together.
    public var products = 0
    /// The largest relative residual of any of them; NaN if one was NaN.
    public var largestResidual = 0.0
    /// The items at which conjugate gradients met a curvature that is not positive: the point is a saddle or a
    /// maximum, or the system is not symmetric. They were solved by minimal residuals instead, so the
    /// derivative is that of the stationary point; of a minimum it is not.
    public var indefiniteItems: Set<Int> = []
    /// The items of which a system has no solution, because the Jacobian of the condition is singular there:
    /// the implicit function has no derivative, and NaN was returned.
    public var singularItems: Set<Int> = []
  }

  init(residuals: [Double], residualTolerance: Double) {
    self.residuals = residuals
    self.residualTolerance = residualTolerance
  }

  /// The items whose residual is above the tolerance.
  public var unconvergedItems: [Int] {
    residuals.indices.filter { !(residuals[$0] <= residualTolerance) }
  }

  /// Whether every item satisfies its condition to the tolerance. Says nothing of the derivatives, for which see
  /// `linearSolves`: at a saddle or where the Jacobian is singular a point satisfies its condition, too.
  public var isConverged: Bool { unconvergedItems.isEmpty }

  /// What happened in the linear solves so far.
  public var linearSolves: LinearSolves {
    lock.wait()
    defer { lock.signal() }
    return record
  }

  func add(
    products: Int, residual: Double, indefinite: Set<Int> = [], singular: Set<Int> = []
  ) {
    lock.wait()
    defer { lock.signal() }
    record.count += 1
    record.products += products
    record.indefiniteItems.formUnion(indefinite)
    record.singularItems.formUnion(singular)
    record.largestResidual =
      residual.isNaN || record.largestResidual.isNaN
      ? .nan : max(record.largestResidual, residual)
  }
}
