import LinearAlgebra
import OptimizationCore

/// A proof that a cone program has no solution smaller than 1e12: the rows cancel so far, verified in twice the
/// usual precision, that no x, for the second case no y, below that size can satisfy the constraints.
public enum ConeProgramRay: Sendable, Equatable {
  /// Primal infeasible: Aᵀy = 0, bᵀy = -1, y in K*.
  case primalInfeasible(y: Vector)
  /// Dual infeasible: Px = 0, Ax + s = 0, s in K, cᵀx = -1.
  case dualInfeasible(x: Vector, s: Vector)
}

/// The answer to one cone program, with its certificate; the starting point of derivatives and of warm
/// starts.
public struct ConeProgramSolution: Sendable {
  /// The answer as a batch of one, or the batch that it is an item of.
  let batch: ConeProgramBatchSolution
  let item: Int

  /// How the solve ended.
  public var status: SolveStatus { batch.status[item] }
  /// ½ xᵀPx + cᵀx.
  public var objective: Double { batch.objective[item] }
  /// Primal solution, shape `[n]`; the last iterate if a limit or the arithmetic ended the solve, NaN if
  /// the problem is infeasible or was not started.
  public var x: Vector { batch.x[item] }
  /// Dual solution, shape `[m]`, in K*.
  public var y: Vector { batch.y[item] }
  /// Slack, shape `[m]`, in K.
  public var s: Vector { batch.s[item] }
  /// The proof of infeasibility, if the status says so.
  public var ray: ConeProgramRay? { batch.rays[item] }
  /// How well the answer satisfies the optimality conditions of the data as given.
  public var residuals: Residuals { batch.residuals[item] }
  /// Iterations of the method.
  public var iterations: Int { batch.iterations[item] }
  /// Wall-clock time spent on this item.
  public var seconds: Double { batch.seconds[item] }
}

/// The answers to a batch of cone programs.
public struct ConeProgramBatchSolution: Sendable {
  /// One reference, so that an answer is handed on at the cost of one.
  let record: ConeProgramBatchRecord

  /// The batch that was solved.
  public var problem: ConeProgramBatch { record.problem }
  /// The number of items, B.
  public var items: Int { record.problem.items }
  /// How the solve of each item ended.
  public var status: [SolveStatus] { record.outcomes.map(\.status) }
  /// ½ xᵀPx + cᵀx of each item.
  public var objective: [Double] { record.outcomes.map(\.objective) }
  /// Shape `[B, n]`; see `ConeProgramSolution` for items that were not solved.
  public var x: BatchedVector { record.x }
  /// Shape `[B, m]`.
  public var y: BatchedVector { record.y }
  /// Shape `[B, m]`.
  public var s: BatchedVector { record.s }
  /// The proofs of infeasibility of the items that are infeasible.
  public var rays: [ConeProgramRay?] { record.outcomes.map(\.ray) }
  /// How well each answer satisfies the optimality conditions of the data as given.
  public var residuals: [Residuals] { record.outcomes.map(\.residuals) }
  /// Iterations spent on each item.
  public var iterations: [Int] { record.outcomes.map(\.iterations) }
  /// Wall-clock time spent on each item.
  public var seconds: [Double] { record.outcomes.map(\.seconds) }

  /// The answer to one item.
  public subscript(item: Int) -> ConeProgramSolution {
    precondition(item >= 0 && item < items, "item \(item) of a batch of \(items)")
    return ConeProgramSolution(batch: self, item: item)
  }
}

/// How the solve of one item ended, without the vectors.
struct ConeProgramOutcome: Sendable {
  var status: SolveStatus
  var objective = Double.nan
  var ray: ConeProgramRay?
  var residuals = Residuals(primal: .nan, dual: .nan, gap: .nan)
  var iterations = 0
  var seconds = 0.0
}

/// Everything that a solve leaves behind.
final class ConeProgramBatchRecord: Sendable {
  let problem: ConeProgramBatch
  let outcomes: [ConeProgramOutcome]
  let x: BatchedVector
  let y: BatchedVector
  let s: BatchedVector
  /// The factorized optimality systems of the derivatives, made when first asked for.
  let systems: FaceSystemStore

  init(
    problem: ConeProgramBatch, outcomes: [ConeProgramOutcome], x: BatchedVector, y: BatchedVector,
    s: BatchedVector
  ) {
    self.problem = problem
    self.outcomes = outcomes
    self.x = x
    self.y = y
    self.s = s
    systems = FaceSystemStore(items: problem.items)
  }
}
