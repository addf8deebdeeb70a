import LinearAlgebra
import OptimizationCore

/// The gradient of a loss with respect to every datum of a quadratic program.
///
/// `Q` is symmetrized: for a symmetric perturbation E the loss changes by Σ Q_ij E_ij.
public struct QuadraticProgramGradient: Sendable {
  /// Shape `[n, n]`.
  public let Q: Matrix
  /// Shape `[n]`.
  public let p: Vector
  /// Shape `[m, n]`.
  public let G: Matrix
  /// Shape `[m]`.
  public let h: Vector
  /// Shape `[e, n]`.
  public let A: Matrix
  /// Shape `[e]`.
  public let b: Vector
  /// How far the gradient can be trusted.
  public let certificate: DerivativeCertificate
}

/// The change of the solution under a perturbation of the data.
public struct QuadraticProgramTangent: Sendable {
  /// Change of x, shape `[n]`.
  public let x: Vector
  /// Change of lambda, shape `[m]`; zero for inactive inequalities.
  public let lambda: Vector
  /// Change of nu, shape `[e]`.
  public let nu: Vector
  /// How far the tangent can be trusted.
  public let certificate: DerivativeCertificate
}

/// Gradients for a batch: per item where the datum is per item, summed where it is shared.
public struct QuadraticProgramBatchGradient: Sendable {
  public let Q: BatchedMatrix
  public let p: BatchedVector
  public let G: BatchedMatrix
  public let h: BatchedVector
  public let A: BatchedMatrix
  public let b: BatchedVector
  public let certificates: [DerivativeCertificate]
}

/// Changes of the solutions of a batch.
public struct QuadraticProgramBatchTangent: Sendable {
  public let x: BatchedVector
  public let lambda: BatchedVector
  public let nu: BatchedVector
  public let certificates: [DerivativeCertificate]
}

/// A perturbation of the data of a quadratic program; nil parts are zero. The quadratic term must be
/// symmetric.
public struct QuadraticProgramPerturbation: Sendable {
  public var Q: BatchedMatrix?
  public var p: BatchedVector?
  public var G: BatchedMatrix?
  public var h: BatchedVector?
  public var A: BatchedMatrix?
  public var b: BatchedVector?

  public init(
    Q: BatchedMatrix? = nil, p: BatchedVector? = nil, G: BatchedMatrix? = nil,
    h: BatchedVector? = nil, A: BatchedMatrix? = nil, b: BatchedVector? = nil
  ) {
    self.Q = Q
    self.p = p
    self.G = G
    self.h = h
    self.A = A
    self.b = b
  }
}

// MARK: - One problem

extension QuadraticProgramSolution {
  /// Reverse mode: the gradient of a loss with respect to the data, from its gradient with respect to
  /// the solution (Amos and Kolter 2017, OptNet, equations 6 to 8, with the factor of dG corrected).
  ///
  /// An item that was not solved has gradient zero where the upstream gradient is zero and NaN
  /// otherwise.
  ///
  /// - Parameters:
  ///   - x: upstream gradient with respect to x, shape `[n]`; nil for zero.
  ///   - lambda: the same for lambda, shape `[m]`.
  ///   - nu: the same for nu, shape `[e]`.
  ///   - policy: what to return where the solution map is not differentiable.
  /// - Throws: `ProblemError` for shapes and numbers, `DerivativeError`.
  public func vjp(
    x: Vector? = nil, lambda: Vector? = nil, nu: Vector? = nil,
    degenerate policy: DegeneratePolicy = .leastNorm
  ) throws -> QuadraticProgramGradient {
    let run = try QuadraticProgramDerivativeRun(
      batch, items: item..<item + 1, policy: policy, threads: 1)
    let gradient = try run.vjp(
      x: x.map(BatchedVector.init(shared:)), lambda: lambda.map(BatchedVector.init(shared:)),
      nu: nu.map(BatchedVector.init(shared:)))
    return QuadraticProgramGradient(
      Q: gradient.Q[0], p: gradient.p[0], G: gradient.G[0], h: gradient.h[0], A: gradient.A[0],
      b: gradient.b[0], certificate: gradient.certificates[0])
  }

  /// Forward mode: the change of the solution under a perturbation of the data.
  ///
  /// - Parameters:
  ///   - Q: change of Q, shape `[n, n]`, symmetric; nil for zero, as for the others.
  ///   - p: change of p, shape `[n]`.
  ///   - G: change of G, shape `[m, n]`.
  ///   - h: change of h, shape `[m]`.
  ///   - A: change of A, shape `[e, n]`.
  ///   - b: change of b, shape `[e]`.
  ///   - policy: what to return where the solution map is not differentiable.
  /// - Throws: `ProblemError` for shapes and numbers, `DerivativeError`.
  public func jvp(
    Q: Matrix? = nil, p: Vector? = nil, G: Matrix? = nil, h: Vector? = nil, A: Matrix? = nil,
    b: Vector? = nil, degenerate policy: DegeneratePolicy = .leastNorm
  ) throws -> QuadraticProgramTangent {
    let run = try QuadraticProgramDerivativeRun(
      batch, items: item..<item + 1, policy: policy, threads: 1)
    let tangent = try run.jvp(
      QuadraticProgramPerturbation(
        Q: Q.map(BatchedMatrix.init(shared:)), p: p.map(BatchedVector.init(shared:)),
        G: G.map(BatchedMatrix.init(shared:)), h: h.map(BatchedVector.init(shared:)),
        A: A.map(BatchedMatrix.init(shared:)), b: b.map(BatchedVector.init(shared:))))
    return QuadraticProgramTangent(
      x: tangent.x[0], lambda: tangent.lambda[0], nu: tangent.nu[0],
      certificate: tangent.certificates[0])
  }
}

// MARK: - Batches

extension QuadraticProgramBatchSolution {
  /// Reverse mode for every item.
  ///
  /// - Parameters:
  ///   - x: upstream gradient with respect to x, shape `[B, n]`, or `[n]` for all; nil for zero.
  ///   - lambda: the same for lambda, shape `[B, m]` or `[m]`.
  ///   - nu: the same for nu, shape `[B, e]` or `[e]`.
  ///   - policy: what to return where an item's solution map is not differentiable.
  ///   - threads: threads that share the batch, nil for one per core.
  /// - Throws: `ProblemError` for shapes and numbers, `DerivativeError`, naming the item.
  /// - Complexity: O(n² + (m + e) n) per item solved by the active-set method, from the factorizations
  ///   that the solve ended with; O((n + k)³) with k active rows for others.
  public func vjp(
    x: BatchedVector? = nil, lambda: BatchedVector? = nil, nu: BatchedVector? = nil,
    degenerate policy: DegeneratePolicy = .leastNorm, threads: Int? = nil
  ) throws -> QuadraticProgramBatchGradient {
    try QuadraticProgramDerivativeRun(self, items: 0..<items, policy: policy, threads: threads)
      .vjp(x: x, lambda: lambda, nu: nu)
  }

  /// Forward mode for every item.
  ///
  /// - Parameters:
  ///   - perturbation: perturbations of the data, per item or shared.
  ///   - policy: what to return where an item's solution map is not differentiable.
  ///   - threads: threads that share the batch, nil for one per core.
  /// - Throws: `ProblemError` for shapes and numbers, `DerivativeError`, naming the item.
  public func jvp(
    _ perturbation: QuadraticProgramPerturbation, degenerate policy: DegeneratePolicy = .leastNorm,
    threads: Int? = nil
  ) throws -> QuadraticProgramBatchTangent {
    try QuadraticProgramDerivativeRun(self, items: 0..<items, policy: policy, threads: threads)
      .jvp(perturbation)
  }
}
