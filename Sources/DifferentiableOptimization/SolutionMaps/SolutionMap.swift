import Autodiff
import OptimizationCore

/// The solution of a problem as a function of its context, `x ↦ y*(x)`, computed by a solver that can start
/// from any state: what a learned model is trained against, and what it then starts.
///
/// ```swift
/// let family = try QuadraticProgramFamily(program, varying: [.p])
/// let solved = try family.solve([p], from: nil)            // p: [B, n]
/// let again = try family.solve([moved], from: solved.state)
/// ```
///
/// A state is all that the solver can use of what is known: primal and dual, not the solution alone. (From the
/// exact primal solution with a dual of zero, the alternating directions need as many iterations as from
/// nowhere.)
public protocol SolutionMap: ParametricProblem {
  /// What the solver goes on from; the first axis of every tensor counts the items.
  associatedtype State: TensorStructure

  /// The tolerance on `residual` that is used if none is asked for.
  var defaultTolerance: Double { get }

  /// Solves every item; one that has no solution doesn't disturb the others.
  ///
  /// - Parameters:
  ///   - context: a batch.
  ///   - start: where to begin; nil for the solver's own beginning, which also takes the place of items with a
  ///     number that is not finite. Any float type; a constant for derivatives.
  ///   - limits: when to stop.
  /// - Throws: errors of data that are no problem; not being solvable is a status.
  func solve(_ context: Context, from start: State?, limits: SolutionLimits) throws
    -> SolvedBatch<State>

  /// How far a state is from a solution: `[B]`, zero exactly at solutions, relative to the size of the data.
  func residual(of state: State, for context: Context) -> Tensor

  /// The point that a state stands for.
  func point(of state: State, for context: Context) -> Point
}

extension SolutionMap {
  /// Solves every item to the default tolerance.
  public func solve(_ context: Context, from start: State? = nil) throws -> SolvedBatch<State> {
    try solve(context, from: start, limits: SolutionLimits())
  }
}

extension SolutionMap where State == Point {
  public func point(of state: State, for context: Context) -> Point { state }
}

/// When a solve of a `SolutionMap` stops.
public struct SolutionLimits: Sendable {
  /// Bound on the residual; nil for the map's default.
  public var tolerance: Double?
  /// Iterations allowed to each item; nil for the solver's default.
  public var maximumIterations: Int?
  /// Called between chunks of the work; return false to stop.
  public var progress: ProgressCallback?

  public init(
    tolerance: Double? = nil, maximumIterations: Int? = nil, progress: ProgressCallback? = nil
  ) {
    self.tolerance = tolerance
    self.maximumIterations = maximumIterations
    self.progress = progress
  }

  func validate() throws(SettingsError) {
    if let tolerance, !(tolerance > 0 && tolerance.isFinite) {
      throw SettingsError(setting: "tolerance", reason: "must be positive, not \(tolerance)")
    }
    if let maximumIterations, maximumIterations < 0 {
      throw SettingsError(
        setting: "maximumIterations", reason: "must not be negative, not \(maximumIterations)")
    }
  }
}

/// The answers to a batch of contexts.
public struct SolvedBatch<State: TensorStructure>: Sendable {
  /// Where the solver ended; of an item that was not solved its last state, or NaN if it has none.
  public var state: State
  /// How the solve of each item ended.
  public var statuses: [SolveStatus]
  /// The solver's own residual of each item.
  public var residuals: [Double]
  /// Iterations spent on each item.
  public var iterations: [Int]

  public init(
    state: State, statuses: [SolveStatus], residuals: [Double], iterations: [Int]
  ) {
    self.state = state
    self.statuses = statuses
    self.residuals = residuals
    self.iterations = iterations
  }

  /// The items that were not solved.
  public var unsolvedItems: [Int] { statuses.indices.filter { statuses[$0] != .optimal } }
}
