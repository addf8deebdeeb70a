import Autodiff
import ConvexSolvers
import LinearAlgebra
import OptimizationCore

/// Cone programs with the same matrices, solved by the splitting of the homogeneous embedding: the solution as a
/// function of c and b, step by step.
///
/// ```swift
/// let family = HomogeneousSplittingFamily(try HomogeneousSplitting(program), varying: [.c])
/// let solved = try family.solve([c])                 // [B, n]
/// ```
///
/// A state is w = (x, y, τ), `[B, n + m + 1]`; the scale is that of the settings and does not adapt. These are the plain steps, without
/// the acceleration of `HomogeneousSplitting.solve`, and may be slow where τ becomes small. The residual is that of
/// the optimality conditions at x/τ and y/τ, relative to the data; NaN where τ is zero. A program without solution
/// runs into the limit of iterations.
public struct HomogeneousSplittingFamily: IterativeMap {
  public typealias Context = [Tensor]
  public typealias Point = Tensor
  public typealias State = Tensor

  /// What may vary.
  public enum Datum: Int, Sendable, CaseIterable {
    case c, b
  }

  public let method: HomogeneousSplitting
  /// The data that contexts hold, in their order.
  public let varying: [Datum]
  private let optimality: ConeProgramOptimality
  private let P: Tensor?
  private let A: Tensor
  private let fixed: [Tensor]

  public init(_ method: HomogeneousSplitting, varying: [Datum]) {
    precondition(
      Set(varying).count == varying.count, "HomogeneousSplittingFamily: varying \(varying)")
    self.method = method
    self.varying = varying
    let program = method.program
    optimality = ConeProgramOptimality(
      P: program.P?.pattern, A: program.A.pattern, cones: program.cones)
    P = program.P.map { Tensor($0.values) }
    A = Tensor(program.A.values)
    fixed = [Tensor(program.c), Tensor(program.b)]
  }

  public var defaultTolerance: Double { method.settings.relativeTolerance }
  public var defaultMaximumIterations: Int { method.settings.maximumIterations }

  private func datum(_ datum: Datum, _ context: Context) -> Tensor {
    varying.firstIndex(of: datum).map { context[$0] } ?? fixed[datum.rawValue]
  }

  private func data(_ context: Context) -> ConeProgramOptimality.Data {
    .init(
      P: P, c: datum(.c, context), A: A, b: datum(.b, context), items: context.batchCount)
  }

  /// - Throws: `ProblemError` for data of another number or shape than those that vary.
  public func validate(_ context: Context) throws {
    guard context.count == varying.count else {
      throw ProblemError.shape(
        argument: "context", item: nil, expected: [varying.count], actual: [context.count])
    }
    try context.requireBatch(names: varying.map { "\($0)" }, ranks: varying.map { _ in 1 })
    for (datum, value) in zip(varying, context) {
      let expected = [value.shape[0]] + fixed[datum.rawValue].shape
      if value.shape != expected {
        throw ProblemError.shape(
          argument: "\(datum)", item: nil, expected: expected, actual: value.shape)
      }
    }
  }

  public func coldStart(for context: Context) -> Tensor {
    let items = context.batchCount
    let size = method.program.variables + method.program.rows
    return concatenate([Tensor.zeros([items, size]), Tensor.ones([items, 1])], axis: 1)
  }

  public func step(_ state: Tensor, for context: Context) -> Tensor {
    method.step(state, c: datum(.c, context), b: datum(.b, context))
  }

  public func residual(of state: Tensor, for context: Context) -> Tensor {
    let (n, m) = (method.program.variables, method.program.rows)
    let (x, tau) = method.solution(state)
    // At a fixed point the rows of w are y + s / R, of which y is the projection.
    let y =
      projected(
        state.slice(axis: 1, n..<n + m), onto: method.program.cones, isDual: true) / tau
    let residual = optimality.residual(x, y, data(context))
    // Nothing is divided by a τ that is not positive.
    return select(
      tau.squeezingAxis(-1) .> 0, residual, Tensor.zeros(residual.shape) + Double.infinity)
  }

  public func point(of state: Tensor, for context: Context) -> Tensor {
    method.solution(state).x
  }

  /// `½ xᵀPx + cᵀx`.
  public func value(of point: Tensor, for context: Context) -> Tensor {
    optimality.value(point, data(context))
  }

  /// The largest distance of an entry of `b - Ax` from the cones.
  public func violation(of point: Tensor, for context: Context) -> Tensor {
    optimality.violation(point, data(context))
  }
}
