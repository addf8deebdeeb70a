import Autodiff
import ConvexSolvers
import LinearAlgebra
import OptimizationCore

/// Sparse quadratic programs with the same matrices, solved by alternating directions: the solution as a
/// function of q and the bounds, step by step.
///
/// ```swift
/// let family = AlternatingDirectionsFamily(try AlternatingDirections(program), varying: [.q])
/// let solved = try family.solve([q])                 // [B, n]
/// ```
///
/// The penalty is that of the method's settings and does not adapt: a step is then one fixed map, with one
/// factorization for all items. The residual is zero exactly at solutions: the largest of the violations of
/// the bounds and `|Ax - z|`, of `|Px + q + Aᵀy|`, and of `|z - clip(z + y, l, u)|`, which says that y pushes
/// against active bounds only; relative to 1 plus the largest finite bound and 1 plus the largest of q.
public struct AlternatingDirectionsFamily: IterativeMap {
  public typealias Context = [Tensor]
  public typealias Point = Tensor
  public typealias State = AlternatingDirections.TensorState

  /// What may vary.
  public enum Datum: Int, Sendable, CaseIterable {
    case q, lower, upper
  }

  public let method: AlternatingDirections
  /// The data that contexts hold, in their order.
  public let varying: [Datum]
  private let fixed: [Tensor]
  private let P: (form: SparseForm, values: Tensor)
  private let A: (form: SparseForm, values: Tensor)

  public init(_ method: AlternatingDirections, varying: [Datum]) {
    precondition(
      Set(varying).count == varying.count, "AlternatingDirectionsFamily: varying \(varying)")
    self.method = method
    self.varying = varying
    let program = method.program
    fixed = [Tensor(program.q), Tensor(program.lower), Tensor(program.upper)]
    P = (SparseForm(program.P.pattern), Tensor(program.P.values))
    A = (SparseForm(program.A.pattern), Tensor(program.A.values))
  }

  public var defaultTolerance: Double { method.settings.relativeTolerance }
  public var defaultMaximumIterations: Int { method.settings.maximumIterations }

  private func datum(_ datum: Datum, _ context: Context) -> Tensor {
    varying.firstIndex(of: datum).map { context[$0] } ?? fixed[datum.rawValue]
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

  public func coldStart(for context: Context) -> State {
    let items = context.batchCount
    return State(
      x: Tensor.zeros([items, method.program.variables]),
      z: Tensor.zeros([items, method.program.rows]),
      y: Tensor.zeros([items, method.program.rows]))
  }

  /// A state for a guess of x and y: z is Ax, moved into the bounds.
  public func state(x: Tensor, y: Tensor, for context: Context) -> State {
    let Ax = product(A, x)
    return State(
      x: x, z: minimum(maximum(Ax, datum(.lower, context)), datum(.upper, context)), y: y)
  }

  public func step(_ state: State, for context: Context) -> State {
    method.step(
      state, q: datum(.q, context), lower: datum(.lower, context), upper: datum(.upper, context))
  }

  public func residual(of state: State, for context: Context) -> Tensor {
    let (q, lower, upper) = (
      datum(.q, context), datum(.lower, context), datum(.upper, context)
    )
    let Ax = product(A, state.x)
    let stationarity = product(P, state.x) + q + transposedProduct(A, state.y)
    let normal = state.z - minimum(maximum(state.z + state.y, lower), upper)
    let outside = maximum(relu(lower - Ax), relu(Ax - upper)).largest
    let bounds = maximum(lower.finiteBounds.largest, upper.finiteBounds.largest)
    let primal = maximum(maximum(outside, (Ax - state.z).largest), normal.largest) / (1 + bounds)
    let dual = stationarity.largest / (1 + q.largest)
    return maximum(primal, dual).notANumberWhere([state.x, state.y, state.z])
  }

  public func point(of state: State, for context: Context) -> Tensor { state.x }

  /// `½ xᵀPx + qᵀx`.
  public func value(of point: Tensor, for context: Context) -> Tensor {
    ((product(P, point) * 0.5 + datum(.q, context)) * point).sum(axis: -1)
  }

  /// The largest violation of a bound.
  public func violation(of point: Tensor, for context: Context) -> Tensor {
    let Ax = product(A, point)
    return maximum(relu(datum(.lower, context) - Ax), relu(Ax - datum(.upper, context))).largest
  }

  private func product(_ matrix: (form: SparseForm, values: Tensor), _ x: Tensor) -> Tensor {
    matrix.form.product(matrix.values.broadcast(to: [x.shape[0], matrix.values.count]), x)
  }

  private func transposedProduct(_ matrix: (form: SparseForm, values: Tensor), _ y: Tensor)
    -> Tensor
  {
    matrix.form.transposedProduct(
      matrix.values.broadcast(to: [y.shape[0], matrix.values.count]), y)
  }
}
