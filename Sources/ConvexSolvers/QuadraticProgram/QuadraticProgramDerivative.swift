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
  public let certificate: DerivativeCertificate
}

/// The change of the solution under a perturbation of the data.
public struct QuadraticProgramTangent: Sendable {
  public let x: Vector
  public let lambda: Vector
  public let nu: Vector
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
  /// the solution.
  ///
  /// - Parameters:
  ///   - x, lambda, nu: upstream gradients, shapes `[n]`, `[m]`, `[e]`; nil for zero.
  ///   - degenerate: what to return where the solution map is not differentiable.
  /// - Throws: `ProblemError` for shapes and numbers, `DerivativeError`.
  public func vjp(
    x: Vector? = nil, lambda: Vector? = nil, nu: Vector? = nil,
    degenerate policy: DegeneratePolicy = .leastNorm
  ) throws -> QuadraticProgramGradient {
    fatalError()
  }

  /// Forward mode: the change of the solution under a perturbation of the data.
  ///
  /// - Parameters:
  ///   - Q, p, G, h, A, b: perturbations, shaped as the data; nil for zero. Q must be symmetric.
  ///   - degenerate: what to return where the solution map is not differentiable.
  /// - Throws: `ProblemError` for shapes and numbers, `DerivativeError`.
  public func jvp(
    Q: Matrix? = nil, p: Vector? = nil, G: Matrix? = nil, h: Vector? = nil, A: Matrix? = nil,
    b: Vector? = nil, degenerate policy: DegeneratePolicy = .leastNorm
  ) throws -> QuadraticProgramTangent {
    fatalError()
  }
}

// MARK: - Batches

extension QuadraticProgramBatchSolution {
  /// Reverse mode for every item: upstream gradients of shapes `[B, n]`, `[B, m]`, `[B, e]` (or shared),
  /// nil for zero.
  public func vjp(
    x: BatchedVector? = nil, lambda: BatchedVector? = nil, nu: BatchedVector? = nil,
    degenerate policy: DegeneratePolicy = .leastNorm, threads: Int? = nil
  ) throws -> QuadraticProgramBatchGradient {
    fatalError()
  }

  /// Forward mode for every item.
  public func jvp(
    _ perturbation: QuadraticProgramPerturbation, degenerate policy: DegeneratePolicy = .leastNorm,
    threads: Int? = nil
  ) throws -> QuadraticProgramBatchTangent {
    fatalError()
  }
}
