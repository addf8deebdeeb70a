import Autodiff

/// A point y where the gradient of `f(y, context)` vanishes, such as a minimizer, as a differentiable function
/// of the context: the root of the gradient. See `implicitRoot`.
///
/// The systems are with the Hessian, which is symmetric; at a strict minimizer it is positive definite, as the
/// default solver wants it.
///
/// - Parameters:
///   - context: what f depends on and what may be differentiated.
///   - solver: how the linear systems are solved.
///   - isBatched: whether the first axis of every tensor of y counts independent items, of which f is the sum.
///   - residualTolerance: what counts as stationary; see `ImplicitCertificate`.
///   - objective: f, a scalar.
///   - solution: computes the point; gets plain values.
public func stationaryPoint<Value: TensorStructure, Context: TensorStructure>(
  at context: Context, solver: ImplicitLinearSolver = .conjugateGradients(),
  isBatched: Bool = false, residualTolerance: Double = 1e-6,
  of objective: @escaping @Sendable (_ y: Value, _ context: Context) -> Tensor,
  solution: (_ context: Context) throws -> Value
) rethrows -> ImplicitSolution<Value> {
  try implicitFunction(
    named: "stationaryPoint", at: context, solver: solver, isBatched: isBatched, isSymmetric: true,
    residualTolerance: residualTolerance,
    of: { y, context in gradient(at: y) { objective($0, context) } }, solution: solution)
}
