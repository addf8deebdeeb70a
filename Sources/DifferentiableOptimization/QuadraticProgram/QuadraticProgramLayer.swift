import Autodiff
import ConvexSolvers
import LinearAlgebra
import OptimizationCore

/// The solution of quadratic programs as a differentiable function of their data.
///
///     minimize    ½ xᵀQx + pᵀx
///     subject to  Gx ≤ h,  Ax = b
///
/// The layer solves the batch to full accuracy and takes part in `vjp`, `jvp` and in derivatives of any
/// order. First derivatives are the solver's own (see `QuadraticProgramBatchSolution.vjp`); where an
/// outer derivative is being taken as well, the derivative is a solution of the optimality system of the
/// active rows and is written in tensor operations.
///
/// ```swift
/// let layer = QuadraticProgramLayer()
/// let slope = try gradient(at: Tensor([1.0])) { h in
///   try layer(Q: Tensor([[1]]), p: Tensor([-2]), G: Tensor([[1]]), h: h).x.sum()
/// }
/// slope  // [1.0]: the optimum moves with the bound
/// ```
///
/// An item that is not solved has NaN for its results and is listed in `Answer.unsolvedItems`; its gradient
/// is zero where the upstream gradient is zero, and NaN otherwise. So a masked loss trains on:
/// `select(mask, answer.x, 0)` before anything is computed from x. The other items are untouched. The same
/// holds for second derivatives of an item that is solved but degenerate: they don't exist.
public struct QuadraticProgramLayer: Sendable {
  /// How the programs are solved.
  public var settings: QuadraticProgramSettings
  /// What the first derivative is where the solution map is not differentiable. With `.throwing` the call
  /// itself throws if it is being differentiated.
  public var degenerate: DegeneratePolicy

  public init(
    settings: QuadraticProgramSettings = QuadraticProgramSettings(),
    degenerate: DegeneratePolicy = .leastNorm
  ) {
    self.settings = settings
    self.degenerate = degenerate
  }

  /// Solves the programs.
  ///
  /// Every datum is float64 and has one more leading axis if it is given per item; without it, it is shared
  /// by the batch and its gradient is the sum over the items.
  ///
  /// - Parameters:
  ///   - Q: quadratic term, `[n, n]`, symmetric positive semidefinite; nil for zero. Its gradient is the
  ///     symmetrized one, and of a tangent the symmetric part counts.
  ///   - p: linear term, `[n]`.
  ///   - G: inequality matrix, `[m, n]`; nil for no inequalities.
  ///   - h: inequality bounds, `[m]`; +infinity, or at least 1e20, for an absent bound.
  ///   - A: equality matrix, `[e, n]`; nil for no equalities.
  ///   - b: equality values, `[e]`.
  ///   - warmStart: a guess, such as the state of an answer to programs of the same shape, whose active sets
  ///     are tried first; it has a batch axis if a datum has one, and is a constant for derivatives.
  /// - Throws: `ProblemError` for data that cannot be a problem, `SettingsError`, and `DerivativeError`
  ///   with the policy `.throwing`, or for a barrier that is not positive.
  public func callAsFunction(
    Q: Tensor? = nil, p: Tensor, G: Tensor? = nil, h: Tensor? = nil, A: Tensor? = nil,
    b: Tensor? = nil, warmStart: State? = nil
  ) throws -> Answer {
    if case .smoothed(let barrier) = degenerate, !(barrier > 0 && barrier.isFinite) {
      throw DerivativeError.invalidBarrier(barrier)
    }
    let data = ProgramTensors(Q: Q, p: p, G: G, h: h, A: A, b: b)
    let batchSize = try data.batchSize()
    let solved = SolvedPrograms(
      batchSize: batchSize, data: data.with(data.tensors.map(\.detached)), policy: degenerate)
    try solved.solve(settings: settings, warmStart: warmStart)
    if data.isTraced, degenerate == .throwing { _ = try solved.certificates() }
    let results = primitive(
      named: "QuadraticProgramLayer", data.tensors,
      { _ in solved.results },
      vjp: { operands, results, cotangents, isWanted in
        solved.vjp(data.with(operands), results, cotangents, isWanted)
      },
      jvp: { operands, results, tangents in
        solved.jvp(data.with(operands), results, tangents)
      })
    return Answer(x: results[0], lambda: results[1], nu: results[2], solved: solved)
  }

  /// Primal and dual solutions, or a guess of them.
  public struct State: TensorStructure {
    /// Primal solutions, `[B, n]` or `[n]`.
    public var x: Tensor
    /// Multipliers of the inequalities, `[B, m]` or `[m]`.
    public var lambda: Tensor
    /// Multipliers of the equalities, `[B, e]` or `[e]`.
    public var nu: Tensor

    public init(x: Tensor, lambda: Tensor, nu: Tensor) {
      self.x = x
      self.lambda = lambda
      self.nu = nu
    }

    public mutating func visitTensors(_ visit: inout TensorVisitor) {
      visit("x", &x)
      visit("lambda", &lambda)
      visit("nu", &nu)
    }
  }

  /// The solutions of a batch and how far they can be trusted.
  public struct Answer: Sendable {
    /// Primal solutions, `[B, n]`, or `[n]` if no datum has a batch axis; NaN for unsolved items.
    public let x: Tensor
    /// Multipliers of the inequalities, `[B, m]` or `[m]`.
    public let lambda: Tensor
    /// Multipliers of the equalities, `[B, e]` or `[e]`.
    public let nu: Tensor
    let solved: SolvedPrograms

    /// What another solve may start from, as constants: the solutions; of an item that ran into a limit the last
    /// iterate; NaN of one without solution.
    public var state: State {
      func tensor(_ vector: BatchedVector) -> Tensor {
        Tensor(vector.storage, shape: solved.leadingShape + [vector.count])
      }
      return State(
        x: tensor(solution.x), lambda: tensor(solution.lambda), nu: tensor(solution.nu))
    }
    /// The answer as plain numbers: residuals, rays of infeasible items, iterations.
    public var solution: QuadraticProgramBatchSolution { solved.solution }
    /// How the solve of each item ended.
    public var status: [SolveStatus] { solution.status }
    /// The items that were not solved, whose results are NaN.
    public var unsolvedItems: [Int] { status.indices.filter { status[$0] != .optimal } }

    /// How far the derivative of each item can be trusted: kind, weakly active rows, rank. Computed when
    /// it is asked for; costs about a derivative.
    /// - Throws: `DerivativeError` with the policy `.throwing`.
    public func derivativeCertificates() throws -> [DerivativeCertificate] {
      try solved.certificates()
    }
  }
}
