import Autodiff
import ConvexSolvers
import LinearAlgebra
import OptimizationCore

/// Cone programs that differ in some of their data: the solution as a function of those.
///
/// ```swift
/// let family = try ConeProgramFamily(program, varying: [.c])
/// let solved = try family.solve([c])                 // [B, n]
/// ```
///
/// A state is the primal and dual solution and the slack. The residual is the largest of the relative primal,
/// dual and gap residuals; what lies outside of the cones counts.
public struct ConeProgramFamily: SolutionMap {
  public typealias Context = [Tensor]
  public typealias Point = Tensor
  public typealias State = ConeProgramLayer.State

  /// The data of a cone program; of P and A the entries, in the order of their patterns.
  public enum Datum: Int, Sendable, CaseIterable {
    case P, c, A, b
  }

  /// The data that contexts hold, in their order.
  public let varying: [Datum]
  private let layer: ConeProgramLayer
  private let optimality: ConeProgramOptimality
  private let fixed: [Tensor?]

  /// - Throws: `ProblemError.shape` if a datum is named twice, or P varies and the program has none.
  public init(
    _ program: ConeProgram, varying: [Datum], settings: ConeProgramSettings = ConeProgramSettings()
  ) throws(ProblemError) {
    let isDouble = Set(varying).count != varying.count
    guard !isDouble, program.P != nil || !varying.contains(.P) else {
      throw .shape(
        argument: "varying", item: nil, expected: [Set(varying).count], actual: [varying.count])
    }
    self.varying = varying
    layer = try ConeProgramLayer(
      P: program.P?.pattern, A: program.A.pattern, cones: program.cones, settings: settings)
    optimality = ConeProgramOptimality(
      P: program.P?.pattern, A: program.A.pattern, cones: program.cones)
    fixed = [
      program.P.map { Tensor($0.values) }, Tensor(program.c), Tensor(program.A.values),
      Tensor(program.b),
    ]
  }

  public var defaultTolerance: Double { layer.settings.relativeTolerance }

  private func datum(_ datum: Datum, _ context: Context) -> Tensor? {
    varying.firstIndex(of: datum).map { context[$0] } ?? fixed[datum.rawValue]
  }

  private func data(_ context: Context) -> ConeProgramOptimality.Data {
    .init(
      P: datum(.P, context), c: datum(.c, context)!, A: datum(.A, context)!, b: datum(.b, context)!,
      items: context.batchCount)
  }

  public func solve(
    _ context: Context, from start: State?, limits: SolutionLimits
  ) throws -> SolvedBatch<State> {
    try limits.validate()
    guard context.count == varying.count else {
      throw ProblemError.shape(
        argument: "context", item: nil, expected: [varying.count], actual: [context.count])
    }
    try context.requireBatch(
      names: varying.map { "\($0)" }, ranks: varying.map { fixed[$0.rawValue]!.rank })
    let data = context.stoppingGradient()
    let answer = try layer.with(limits)(
      P: datum(.P, data), c: datum(.c, data)!, A: datum(.A, data)!, b: datum(.b, data)!,
      warmStart: start)
    return SolvedBatch(answer)
  }

  public func point(of state: State, for context: Context) -> Tensor { state.x }

  /// `½ xᵀPx + cᵀx`.
  public func value(of point: Tensor, for context: Context) -> Tensor {
    optimality.value(point, data(context))
  }

  /// The largest distance of an entry of `b - Ax` from the cones.
  public func violation(of point: Tensor, for context: Context) -> Tensor {
    optimality.violation(point, data(context))
  }

  public func residual(of state: State, for context: Context) -> Tensor {
    optimality.residual(state.x, state.y, data(context))
  }
}

extension ConeProgramLayer {
  /// The layer with other limits.
  package func with(_ limits: SolutionLimits) -> ConeProgramLayer {
    var layer = self
    if let tolerance = limits.tolerance { layer.settings.relativeTolerance = tolerance }
    if let most = limits.maximumIterations { layer.settings.maximumIterations = most }
    if let progress = limits.progress { layer.settings.progress = progress }
    return layer
  }
}

extension SolvedBatch where State == ConeProgramLayer.State {
  package init(_ answer: ConeProgramLayer.Answer) {
    self.init(
      state: answer.state, statuses: answer.status,
      residuals: answer.solution.residuals.map(\.largest), iterations: answer.solution.iterations)
  }
}
