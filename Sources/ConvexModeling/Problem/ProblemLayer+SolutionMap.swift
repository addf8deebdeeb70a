import Autodiff
import ConvexSolvers
import DifferentiableOptimization
import OptimizationCore

/// The problem as a map that can be amortized: a context is the list of the parameters' values, each with a
/// batch axis; a point is the vector of the cone program's variables, `[B, n]`, from which `values` reads
/// those of the model.
extension ProblemLayer: SolutionMap {
  public typealias Context = [Tensor]
  public typealias Point = Tensor

  public var defaultTolerance: Double { tolerance }

  public func solve(
    _ context: Context, from start: State?, limits: SolutionLimits
  ) throws -> SolvedBatch<State> {
    let answer = try solve(context.stoppingGradient(), warmStart: start, limits: limits)
    return SolvedBatch(
      state: answer.state, statuses: answer.statuses,
      residuals: answer.residuals.map(\.largest), iterations: answer.iterations)
  }

  public func point(of state: State, for context: Context) -> Tensor { state.x }

  /// The cone program's objective, to be minimized, `½ xᵀPx + cᵀx`, without the constant. A context that the
  /// layer would refuse is a precondition failure.
  public func value(of point: Tensor, for context: Context) -> Tensor {
    optimality.value(point, data(context))
  }

  /// The largest violation of a row.
  public func violation(of point: Tensor, for context: Context) -> Tensor {
    optimality.violation(point, data(context))
  }

  public func residual(of state: State, for context: Context) -> Tensor {
    optimality.residual(state.x, state.y, data(context))
  }

  /// The values of a variable in points, `[B]` and its shape.
  public func values(of variable: Variable, in point: Tensor) -> Tensor {
    problem.values(of: variable, in: point)
  }

  private func data(_ context: Context) -> ConeProgramOptimality.Data {
    do {
      return try canonicalData(context).ofOptimality
    } catch {
      preconditionFailure("ProblemLayer: \(error)")
    }
  }
}

extension QuadraticProgramLayer.State {
  /// The same in the form of the dense quadratic program: the rows of the cone program are its equalities, then
  /// its inequalities.
  init(_ state: ConeProgramLayer.State, equalities: Int) {
    let rows = state.y.shape[state.y.rank - 1]
    self.init(
      x: state.x, lambda: state.y.slice(axis: -1, equalities..<rows),
      nu: state.y.slice(axis: -1, 0..<equalities))
  }
}
