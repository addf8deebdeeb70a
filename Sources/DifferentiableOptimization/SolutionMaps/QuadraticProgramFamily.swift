import Autodiff
import ConvexSolvers
import LinearAlgebra
import OptimizationCore

/// Quadratic programs that differ in some of their data: the solution as a function of those.
///
/// ```swift
/// let family = try QuadraticProgramFamily(program, varying: [.p, .h])
/// let solved = try family.solve([p, h])              // [B, n], [B, m]
/// ```
///
/// A state is the primal and dual solution. Where the active set of a guess is the solution's, the solve from
/// it takes one iteration. The residual is the largest of the relative primal, dual and gap residuals of
/// `Residuals`, multipliers below zero counting as dual residual.
public struct QuadraticProgramFamily: SolutionMap {
  public typealias Context = [Tensor]
  public typealias Point = Tensor
  public typealias State = QuadraticProgramLayer.State

  /// The data of a quadratic program.
  public enum Datum: Int, Sendable, CaseIterable {
    case Q, p, G, h, A, b
  }

  /// The program that gives the data that don't vary.
  public let program: QuadraticProgram
  /// The data that contexts hold, in their order.
  public let varying: [Datum]
  /// How the programs are solved.
  public var settings: QuadraticProgramSettings
  private let fixed: [Tensor]

  /// - Throws: `ProblemError.shape` if a datum is named twice.
  public init(
    _ program: QuadraticProgram, varying: [Datum],
    settings: QuadraticProgramSettings = QuadraticProgramSettings()
  ) throws(ProblemError) {
    guard Set(varying).count == varying.count else {
      throw .shape(
        argument: "varying", item: nil, expected: [Set(varying).count], actual: [varying.count])
    }
    self.program = program
    self.varying = varying
    self.settings = settings
    fixed = [
      Tensor(program.Q), Tensor(program.p), Tensor(program.G), Tensor(program.h),
      Tensor(program.A), Tensor(program.b),
    ]
  }

  public var defaultTolerance: Double { settings.relativeTolerance }

  private func datum(_ datum: Datum, _ context: Context) -> Tensor {
    varying.firstIndex(of: datum).map { context[$0] } ?? fixed[datum.rawValue]
  }

  public func solve(
    _ context: Context, from start: State?, limits: SolutionLimits
  ) throws -> SolvedBatch<State> {
    try limits.validate()
    guard context.count == varying.count else {
      throw ProblemError.shape(
        argument: "context", item: nil, expected: [varying.count], actual: [context.count])
    }
    var settings = settings
    if let tolerance = limits.tolerance { settings.relativeTolerance = tolerance }
    if let most = limits.maximumIterations { settings.maximumIterations = most }
    settings.progress = limits.progress ?? settings.progress
    try context.requireBatch(
      names: varying.map { "\($0)" }, ranks: varying.map { fixed[$0.rawValue].rank })
    let data = context.stoppingGradient()
    let (m, e) = (program.inequalities, program.equalities)
    let answer = try QuadraticProgramLayer(settings: settings)(
      Q: datum(.Q, data), p: datum(.p, data), G: m > 0 ? datum(.G, data) : nil,
      h: m > 0 ? datum(.h, data) : nil, A: e > 0 ? datum(.A, data) : nil,
      b: e > 0 ? datum(.b, data) : nil, warmStart: start)
    return SolvedBatch(
      state: answer.state, statuses: answer.status,
      residuals: answer.solution.residuals.map(\.largest), iterations: answer.solution.iterations)
  }

  public func point(of state: State, for context: Context) -> Tensor { state.x }

  /// `½ xᵀQx + pᵀx`.
  public func value(of point: Tensor, for context: Context) -> Tensor {
    let Qx = datum(.Q, context).times(point)
    return ((Qx * 0.5 + datum(.p, context)) * point).sum(axis: -1)
  }

  /// The largest violation of a row.
  public func violation(of point: Tensor, for context: Context) -> Tensor {
    primalResidual(point, context)
  }

  public func residual(of state: State, for context: Context) -> Tensor {
    let (x, lambda, nu) = (state.x, state.lambda, state.nu)
    let (p, h, b) = (datum(.p, context), datum(.h, context), datum(.b, context))
    let Qx = datum(.Q, context).times(x)
    let stationarity =
      Qx + p + datum(.G, context).transposed().times(lambda)
      + datum(.A, context).transposed().times(nu)
    let size = p.largest
    let negative = relu(-lambda).largest
    let quadratic = (Qx * x).sum(axis: -1)
    let linear = (p * x).sum(axis: -1)
    let bounds = (h.finiteBounds * lambda).sum(axis: -1) + (b * nu).sum(axis: -1)
    let primalSize = 1 + maximum(b.largest, h.finiteBounds.largest)
    let primal = primalResidual(x, context) / primalSize
    let dual = maximum(stationarity.largest / (1 + size), negative / (1 + size))
    let gap = abs(quadratic + linear + bounds) / (1 + abs(quadratic * 0.5 + linear))
    return maximum(maximum(primal, dual), gap).notANumberWhere([x, lambda, nu])
  }

  private func primalResidual(_ x: Tensor, _ context: Context) -> Tensor {
    let slack = datum(.h, context) - datum(.G, context).times(x)
    let gap = datum(.A, context).times(x) - datum(.b, context)
    return maximum(relu(-slack).largest, gap.largest) + Tensor.zeros([x.shape[0]])
  }
}

extension Tensor {
  /// The product of matrices, `[m, n]` or `[B, m, n]`, with vectors `[B, n]`.
  fileprivate func times(_ x: Tensor) -> Tensor {
    rank == 2
      ? matmul(x, transposed())
      : matmul(self, x.expandingAxis(-1)).squeezingAxis(-1)
  }

  /// The largest magnitude along the last axis; 0 if that is empty.
  var largest: Tensor {
    shape[rank - 1] == 0 ? Tensor.zeros(Array(shape.dropLast())) : abs(self).max(axis: -1)
  }

  /// Zero in place of absent bounds.
  var finiteBounds: Tensor {
    select(abs(self) .>= 1e20, Tensor.zeros(shape, dtype: dtype), self)
  }

  /// Residuals `[B]` with NaN for the items of which a state, `[B, ...]`, is not finite: no comparison may lose it.
  func notANumberWhere(_ states: [Tensor]) -> Tensor {
    // Infinity and NaN times zero are NaN.
    states.reduce(self) { $0 + ($1.flattenedItems * 0).sum(axis: -1) }
  }

  /// Residuals of steps from states of a size at which steps are lost in rounding, `[B]`: a state of 1e30 seems to be
  /// at rest wherever it is. Nothing is added below 1e4 times the size of one.
  func plusLostSteps(_ size: Tensor, perStep stepSize: Double = 1) -> Tensor {
    self + relu(size - 1e4) * ((dtype == .float32 ? 1.2e-7 : 2.3e-16) / stepSize)
  }
}
