import Autodiff

/// A root y of `F(y, context) = 0` as a differentiable function of the context, by the implicit function
/// theorem: `dy = -(∂F/∂y)⁻¹ (∂F/∂context) dcontext`.
///
/// However the root is computed, derivatives do not go through the computation: they cost one linear system
/// with the Jacobian (forward) or its transpose (reverse), solved by products with vectors, and memory
/// independent of the number of iterations. They can be nested to any order.
///
/// ```swift
/// let answer = implicitRoot(at: a, of: { y, a in y * y - a }) { a in sqrt(a) }
/// ```
///
/// - Parameters:
///   - context: what F depends on and what may be differentiated. Tensors that the closures capture instead
///     are constants; one that is being differentiated traps.
///   - solver: how the linear systems are solved.
///   - isBatched: whether the first axis of every tensor of y counts independent items, of which each has its
///     own, smaller system.
///   - residualTolerance: what counts as a root; see `ImplicitCertificate`.
///   - condition: F, with results in the shapes of y.
///   - solution: computes the root; gets plain values.
/// - Returns: the root and its certificate. A point that is not a root is not an error: the certificate says
///   so.
public func implicitRoot<Value: TensorStructure, Context: TensorStructure>(
  at context: Context, solver: ImplicitLinearSolver = .minimalResiduals(),
  isBatched: Bool = false, residualTolerance: Double = 1e-6,
  of condition: @escaping @Sendable (_ y: Value, _ context: Context) -> Value,
  solution: (_ context: Context) throws -> Value
) rethrows -> ImplicitSolution<Value> {
  try implicitFunction(
    named: "implicitRoot", at: context, solver: solver, isBatched: isBatched,
    isSymmetric: false, residualTolerance: residualTolerance, of: condition, solution: solution)
}

/// The common part of roots, fixed points and stationary points.
///
/// - Parameter isSymmetric: whether the Jacobian of the condition is, so that one kind of product serves both
///   modes.
func implicitFunction<Value: TensorStructure, Context: TensorStructure>(
  named name: String, at context: Context, solver: ImplicitLinearSolver, isBatched: Bool,
  isSymmetric: Bool, residualTolerance: Double,
  of condition: @escaping @Sendable (Value, Context) -> Value,
  solution: (Context) throws -> Value
) rethrows -> ImplicitSolution<Value> {
  let plainContext = context.stoppingGradient()
  let y = try solution(plainContext)
  let values = y.leaves
  precondition(
    !values.contains(where: \.isTraced),
    "\(name): the solution captures a tensor that is being differentiated; make it a part of the "
      + "context")
  let vectors = FlatVectors(like: values, isBatched: isBatched, name)
  let residuals = condition(y, plainContext).leaves
  precondition(
    residuals.map(\.shape) == values.map(\.shape),
    "\(name): the condition has the shapes \(residuals.map(\.shape)), the solution "
      + "\(values.map(\.shape))")
  precondition(
    !residuals.contains(where: \.isTraced),
    "\(name): the condition captures a tensor that is being differentiated; make it a part of the "
      + "context")
  let certificate = ImplicitCertificate(
    residuals: zip(
      FlatVectors.largest(vectors.flattened(residuals)),
      FlatVectors.largest(vectors.flattened(values))
    ).map { $0 / (1 + $1) }, residualTolerance: residualTolerance)

  /// F as a function of lists of tensors.
  let F: @Sendable ([Tensor], [Tensor]) -> [Tensor] = { values, leaves in
    condition(y.replacingLeaves(with: values), plainContext.replacingLeaves(with: leaves)).leaves
  }
  let count = values.count
  let transposed: ImplicitSystem.Operator = { parameters in
    let leaves = Array(parameters[count...])
    return vjp(at: Array(parameters[..<count])) { F($0, leaves) }.pullback
  }
  let direct: ImplicitSystem.Operator = { parameters in
    let (values, leaves) = (Array(parameters[..<count]), Array(parameters[count...]))
    return { v in jvp(at: values, along: v) { F($0, leaves) }.tangent }
  }
  let system = ImplicitSystem(
    name: name, solver: solver, vectors: vectors, certificate: certificate,
    multiply: isSymmetric ? transposed : direct, multiplyTransposed: transposed)

  let results = primitive(
    named: name, context.leaves, { _ in values },
    vjp: { leaves, values, cotangents, _ in
      let w = system.solve(values + leaves, orZeros(cotangents, values), isTransposed: true)
      return vjp(at: leaves) { F(values, $0) }.pullback(w).map { -$0 }
    },
    jvp: { leaves, values, tangents in
      let change = jvp(at: leaves, along: orZeros(tangents, leaves)) { F(values, $0) }.tangent
      return system.solve(values + leaves, change.map { -$0 })
    })
  return ImplicitSolution(value: y.replacingLeaves(with: results), certificate: certificate)
}
