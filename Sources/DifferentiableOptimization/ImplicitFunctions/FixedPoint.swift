import Autodiff

/// A fixed point `y = T(y, context)` as a differentiable function of the context: the root of `y - T(y)`.
/// See `implicitRoot`.
///
/// With the solver `.neumann(terms: k)` reverse mode is that of the last k iterations of a converged
/// sequence (truncated backpropagation), without keeping any of them.
///
/// - Parameters:
///   - context: what T depends on and what may be differentiated.
///   - solver: how the linear systems `(I - ∂T/∂y) w = b` are solved.
///   - isBatched: whether the first axis of every tensor of y counts independent items.
///   - residualTolerance: what counts as a fixed point; see `ImplicitCertificate`.
///   - map: T, with results in the shapes of y.
///   - solution: computes the fixed point; gets plain values.
public func fixedPoint<Value: TensorStructure, Context: TensorStructure>(
  at context: Context, solver: ImplicitLinearSolver = .minimalResiduals(),
  isBatched: Bool = false, residualTolerance: Double = 1e-6,
  of map: @escaping @Sendable (_ y: Value, _ context: Context) -> Value,
  solution: (_ context: Context) throws -> Value
) rethrows -> ImplicitSolution<Value> {
  try implicitFunction(
    named: "fixedPoint", at: context, solver: solver, isBatched: isBatched, isSymmetric: false,
    residualTolerance: residualTolerance,
    of: { y, context in y.zipLeaves(map(y, context)) { $0 - $1 } }, solution: solution)
}

/// The fixed point that the iteration of T itself finds.
///
/// - Parameters:
///   - initial: where the iteration begins.
///   - maximumIterations: when it ends at the latest; the certificate then says how far it came.
///   - residualTolerance: when it ends: no element changes by more than this times 1 plus the largest
///     element.
public func fixedPoint<Value: TensorStructure, Context: TensorStructure>(
  at context: Context, from initial: Value, maximumIterations: Int = 1000,
  solver: ImplicitLinearSolver = .minimalResiduals(), isBatched: Bool = false,
  residualTolerance: Double = 1e-10,
  of map: @escaping @Sendable (_ y: Value, _ context: Context) -> Value
) -> ImplicitSolution<Value> {
  fixedPoint(
    at: context, solver: solver, isBatched: isBatched, residualTolerance: residualTolerance,
    of: map
  ) { context in
    var y = initial.stoppingGradient()
    for _ in 0..<maximumIterations {
      let next = map(y, context)
      let change = largest(next.zipLeaves(y) { $0 - $1 })
      y = next
      // NaN ends the iteration as well.
      if !(change > residualTolerance * (1 + largest(y)) / 2) { break }
    }
    return y
  }
}

private func largest<Value: TensorStructure>(_ structure: Value) -> Double {
  structure.leafScalars.reduce(0) { $0.isNaN || $1.isNaN ? .nan : max($0, abs($1)) }
}
