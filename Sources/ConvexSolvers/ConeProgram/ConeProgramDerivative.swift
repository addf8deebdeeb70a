import LinearAlgebra
import OptimizationCore

/// The gradient of a loss with respect to every datum of a cone program.
///
/// `P` is symmetrized and lives on its pattern: for a symmetric perturbation E within the pattern the
/// loss changes by Σ P_ij E_ij, the sum over both triangles. `A` lives on its pattern too.
public struct ConeProgramGradient: Sendable {
  /// On the pattern of P; nil if the program has no quadratic term.
  public let P: SparseMatrix?
  /// Shape `[n]`.
  public let c: Vector
  /// On the pattern of A.
  public let A: SparseMatrix
  /// Shape `[m]`.
  public let b: Vector
  /// How far the gradient can be trusted.
  public let certificate: DerivativeCertificate
}

/// The change of the solution under a perturbation of the data.
public struct ConeProgramTangent: Sendable {
  /// Change of x, shape `[n]`.
  public let x: Vector
  /// Change of y, shape `[m]`.
  public let y: Vector
  /// Change of s, shape `[m]`.
  public let s: Vector
  /// How far the tangent can be trusted.
  public let certificate: DerivativeCertificate
}

/// Gradients for a batch: per item where the datum is per item, summed where it is shared.
public struct ConeProgramBatchGradient: Sendable {
  public let P: BatchedSparseMatrix?
  public let c: BatchedVector
  public let A: BatchedSparseMatrix
  public let b: BatchedVector
  public let certificates: [DerivativeCertificate]
}

/// Changes of the solutions of a batch.
public struct ConeProgramBatchTangent: Sendable {
  public let x: BatchedVector
  public let y: BatchedVector
  public let s: BatchedVector
  public let certificates: [DerivativeCertificate]
}

/// A perturbation of the data of a cone program; nil parts are zero. Sparse matrices are given by their
/// entries in the order of the pattern; the perturbation of P must be symmetric.
public struct ConeProgramPerturbation: Sendable {
  /// Shape `[entries of P]` or `[B, entries of P]`.
  public var P: BatchedVector?
  public var c: BatchedVector?
  /// Shape `[entries of A]` or `[B, entries of A]`.
  public var A: BatchedVector?
  public var b: BatchedVector?

  public init(
    P: BatchedVector? = nil, c: BatchedVector? = nil, A: BatchedVector? = nil,
    b: BatchedVector? = nil
  ) {
    self.P = P
    self.c = c
    self.A = A
    self.b = b
  }
}

// MARK: - One problem

extension ConeProgramSolution {
  /// Reverse mode: the gradient of a loss with respect to the data, from its gradient with respect to the
  /// solution.
  ///
  /// Solves the optimality system restricted to the active faces, without the row of the homogeneous
  /// embedding (compare Agrawal et al. 2019 and Healey et al. 2025): it is symmetric, so that one
  /// factorization serves forward and reverse mode. An item that was not solved has gradient zero where
  /// the upstream gradient is zero and NaN otherwise.
  ///
  /// - Parameters:
  ///   - x: upstream gradient with respect to x, shape `[n]`; nil for zero.
  ///   - y: the same for y, shape `[m]`.
  ///   - s: the same for s, shape `[m]`.
  ///   - policy: what to return where the solution map is not differentiable.
  /// - Throws: `ProblemError` for shapes, `DerivativeError`.
  public func vjp(
    x: Vector? = nil, y: Vector? = nil, s: Vector? = nil,
    degenerate policy: DegeneratePolicy = .leastNorm
  ) throws -> ConeProgramGradient {
    let gradient = try ConeProgramDerivativeRun(
      batch, items: item..<item + 1, policy: policy, threads: 1
    ).vjp(
      x: x.map(BatchedVector.init(shared:)), y: y.map(BatchedVector.init(shared:)),
      s: s.map(BatchedVector.init(shared:)))
    return ConeProgramGradient(
      P: gradient.P?[0], c: gradient.c[0], A: gradient.A[0], b: gradient.b[0],
      certificate: gradient.certificates[0])
  }

  /// Forward mode: the change of the solution under a perturbation of the data.
  ///
  /// - Throws: `ProblemError` for shapes, `DerivativeError`.
  public func jvp(
    _ perturbation: ConeProgramPerturbation, degenerate policy: DegeneratePolicy = .leastNorm
  ) throws -> ConeProgramTangent {
    let tangent = try ConeProgramDerivativeRun(
      batch, items: item..<item + 1, policy: policy, threads: 1
    ).jvp(perturbation)
    return ConeProgramTangent(
      x: tangent.x[0], y: tangent.y[0], s: tangent.s[0], certificate: tangent.certificates[0])
  }
}

// MARK: - Batches

extension ConeProgramBatchSolution {
  /// Reverse mode for every item; see `ConeProgramSolution.vjp`. Upstream gradients are per item or
  /// shared.
  public func vjp(
    x: BatchedVector? = nil, y: BatchedVector? = nil, s: BatchedVector? = nil,
    degenerate policy: DegeneratePolicy = .leastNorm, threads: Int? = nil
  ) throws -> ConeProgramBatchGradient {
    try ConeProgramDerivativeRun(self, items: 0..<items, policy: policy, threads: threads)
      .vjp(x: x, y: y, s: s)
  }

  /// Forward mode for every item; see `ConeProgramSolution.jvp`. Perturbations are per item or shared.
  public func jvp(
    _ perturbation: ConeProgramPerturbation, degenerate policy: DegeneratePolicy = .leastNorm,
    threads: Int? = nil
  ) throws -> ConeProgramBatchTangent {
    try ConeProgramDerivativeRun(self, items: 0..<items, policy: policy, threads: threads)
      .jvp(perturbation)
  }
}
