import LinearAlgebra
import OptimizationCore

/// A proof that a problem has no solution.
public enum QuadraticProgramRay: Sendable, Equatable {
  /// Primal infeasible: lambda ≥ 0, Gᵀlambda + Aᵀnu = 0, hᵀlambda + bᵀnu = -1.
  case primalInfeasible(lambda: Vector, nu: Vector)
  /// Dual infeasible: Qx = 0, Gx ≤ 0, Ax = 0, pᵀx = -1.
  case dualInfeasible(x: Vector)
}

/// The answer to one quadratic program, with its certificate; the starting point of derivatives and
/// of warm starts.
public struct QuadraticProgramSolution: Sendable {
  /// The answer as a batch of one, or the batch that it is an item of.
  let batch: QuadraticProgramBatchSolution
  let item: Int

  /// How the solve ended.
  public var status: SolveStatus { batch.status[item] }
  /// ½ xᵀQx + pᵀx.
  public var objective: Double { batch.objective[item] }
  /// Primal solution, shape `[n]`; the last iterate if a limit or the arithmetic ended the solve, NaN if
  /// the problem is infeasible or was not started.
  public var x: Vector { batch.x[item] }
  /// Multipliers of the inequalities, shape `[m]`.
  public var lambda: Vector { batch.lambda[item] }
  /// Multipliers of the equalities, shape `[e]`.
  public var nu: Vector { batch.nu[item] }
  /// The proof of infeasibility, if the status says so.
  public var ray: QuadraticProgramRay? { batch.rays[item] }
  /// How well the answer satisfies the optimality conditions of the data as given.
  public var residuals: Residuals { batch.residuals[item] }
  /// Iterations of the method that finished (and of one that gave up before it).
  public var iterations: Int { batch.iterations[item] }
  /// Wall-clock time spent on this item.
  public var seconds: Double { batch.seconds[item] }
  /// The method that found the answer, or was asked for if none ran.
  public var method: QuadraticProgramSettings.Method { batch.methods[item] }
}

/// The answers to a batch of quadratic programs.
public struct QuadraticProgramBatchSolution: Sendable {
  /// One reference, so that an answer is handed on at the cost of one.
  let record: QuadraticProgramBatchRecord

  /// The batch that was solved.
  public var problem: QuadraticProgramBatch { record.problem }
  /// The number of items, B.
  public var items: Int { record.problem.items }
  /// How the solve of each item ended.
  public var status: [SolveStatus] { record.status }
  /// ½ xᵀQx + pᵀx of each item.
  public var objective: [Double] { record.objective }
  /// Shape `[B, n]`; see `QuadraticProgramSolution` for items that were not solved.
  public var x: BatchedVector { record.x }
  /// Shape `[B, m]`.
  public var lambda: BatchedVector { record.lambda }
  /// Shape `[B, e]`.
  public var nu: BatchedVector { record.nu }
  /// The proofs of infeasibility of the items that are infeasible.
  public var rays: [QuadraticProgramRay?] { record.rays }
  /// How well each answer satisfies the optimality conditions of the data as given.
  public var residuals: [Residuals] { record.residuals }
  /// Iterations spent on each item, by all methods that were tried.
  public var iterations: [Int] { record.iterations }
  /// Wall-clock time spent on each item.
  public var seconds: [Double] { record.seconds }
  /// The method that found each answer, or was asked for if none ran.
  public var methods: [QuadraticProgramSettings.Method] { record.methods }

  /// The answer to one item.
  public subscript(item: Int) -> QuadraticProgramSolution {
    precondition(item >= 0 && item < items, "item \(item) of a batch of \(items)")
    return QuadraticProgramSolution(batch: self, item: item)
  }
}

/// Everything that a solve leaves behind.
final class QuadraticProgramBatchRecord: Sendable {
  let problem: QuadraticProgramBatch
  let status: [SolveStatus]
  let objective: [Double]
  let x: BatchedVector
  let lambda: BatchedVector
  let nu: BatchedVector
  let rays: [QuadraticProgramRay?]
  let residuals: [Residuals]
  let iterations: [Int]
  let seconds: [Double]
  let methods: [QuadraticProgramSettings.Method]
  /// h - Gx, `[B, m]`.
  let slack: AlignedBuffer
  /// Lengths of the rows of G, `[B, m]` or `[m]`.
  let rowLengths: AlignedBuffer
  /// max(|p|, |Qx|) of each item.
  let gradientSizes: [Double]
  /// The factorizations of the active-set solves.
  let store: ActiveSetStore?

  init(
    problem: QuadraticProgramBatch, outcomes: UnsafeBufferPointer<ItemOutcome>, x: BatchedVector,
    lambda: BatchedVector, nu: BatchedVector, seconds: [Double],
    methods: [QuadraticProgramSettings.Method], slack: AlignedBuffer, rowLengths: AlignedBuffer,
    store: ActiveSetStore?
  ) {
    self.problem = problem
    status = outcomes.map(\.status)
    objective = outcomes.map(\.objective)
    self.x = x
    self.lambda = lambda
    self.nu = nu
    rays = outcomes.map(\.ray)
    residuals = outcomes.map(\.residuals)
    iterations = outcomes.map(\.iterations)
    self.seconds = seconds
    self.methods = methods
    self.slack = slack
    self.rowLengths = rowLengths
    gradientSizes = outcomes.map(\.gradientSize)
    self.store = store
  }
}
