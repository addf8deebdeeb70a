import LinearAlgebra
import OptimizationCore

/// The alternating directions method of multipliers for sparse quadratic programs, as in OSQP: one
/// factorization, then cheap steps that can be taken, differentiated and learned one by one.
///
/// ```swift
/// let method = try AlternatingDirections(program)
/// var state = method.initialState
/// for _ in 0..<100 { state = method.step(state) }
/// method.residual(state).largest
/// let gradient = method.stepVJP(at: state, cotangent: upstream)
/// ```
///
/// *When to use*: large sparse programs, moderate accuracy (polishing often adds the rest), many programs
/// with the same P and A, warm starts, and as the layer of a network that learns to solve. *When not*:
/// small dense programs, or where accuracy matters on hard ones: the interior point methods converge in
/// few iterations whatever the scaling. Convergence is linear, with a rate that depends on the problem;
/// a problem without solution gives a certificate in the limit of the differences of the states.
///
/// Reference: Stellato, Banjac, Goulart, Bemporad and Boyd 2020, "OSQP: an operator splitting solver for
/// quadratic programs".
public struct AlternatingDirections: Sendable {
  /// The program.
  public let program: SparseQuadraticProgram
  /// How the method runs.
  public let settings: AlternatingDirectionsSettings
  package let core: AlternatingDirectionsStep

  /// What a step turns into the next: all that the method knows.
  public struct State: Sendable, Equatable {
    /// Variables, shape `[n]`.
    public var x: Vector
    /// Ax, moved into the bounds, shape `[m]`.
    public var z: Vector
    /// Dual, shape `[m]`.
    public var y: Vector
    /// ρ, the penalty of the rows, of which equalities have a thousandfold.
    public var penalty: Double

    /// A state, from an earlier solve or predicted.
    public init(x: Vector, z: Vector, y: Vector, penalty: Double) {
      self.x = x
      self.z = z
      self.y = y
      self.penalty = penalty
    }
  }

  /// Analyzes and factorizes.
  ///
  /// - Throws: `SettingsError`, and `ProblemError` if P is not positive semidefinite or the factors do
  ///   not fit into memory.
  public init(
    _ program: SparseQuadraticProgram,
    settings: AlternatingDirectionsSettings = AlternatingDirectionsSettings()
  ) throws {
    try settings.validate()
    self.program = program
    self.settings = settings
    core = try AlternatingDirectionsStep(program, settings: settings)
  }

  /// All zero, with the penalty of the settings.
  public var initialState: State {
    State(
      x: .zeros(program.variables), z: .zeros(program.rows), y: .zeros(program.rows),
      penalty: settings.penalty)
  }

  /// A state for a guess of the solution and the dual, as a warm start.
  public func state(x: Vector, y: Vector) -> State {
    precondition(
      x.count == program.variables && y.count == program.rows,
      "AlternatingDirections.state: x [\(x.count)], y [\(y.count)] for a program of shape "
        + "[\(program.rows), \(program.variables)]")
    var z = program.A * x
    for row in 0..<z.count { z[row] = min(max(z[row], program.lower[row]), program.upper[row]) }
    return State(x: x, z: z, y: y, penalty: settings.penalty)
  }

  /// One step; the penalty stays. A new penalty costs a factorization, which is kept.
  public func step(_ state: State) -> State {
    var buffers = StepBuffers(self, state)
    buffers.step()
    return buffers.next
  }

  /// How well a state satisfies the optimality conditions: the relative residuals of its x and y.
  ///
  /// Primal: the distance of Ax from the bounds; dual: |Px + q + Aᵀy|; gap: |xᵀPx + qᵀx + S(y)| with
  /// S(y) = upperᵀy⁺ + lowerᵀy⁻, which is infinite where y uses an absent bound.
  public func residual(_ state: State) -> Residuals {
    OptimalityTerms(program, x: state.x, y: state.y).residuals
  }

  /// The primal and dual solution that a state stands for.
  public func solution(_ state: State) -> (x: Vector, y: Vector) { (state.x, state.y) }
}

/// The terms that cancel at a solution.
struct OptimalityTerms {
  let residuals: Residuals
  let objective: Double

  init(_ program: SparseQuadraticProgram, x: Vector, y: Vector) {
    let Px = program.P * x
    let Ax = program.A * x
    let stationarity = Px + program.q + program.A.transposeTimes(y)
    var violation = 0.0
    var support = 0.0
    for row in 0..<Ax.count {
      let outside = max(program.lower[row] - Ax[row], Ax[row] - program.upper[row], 0)
      if !(outside <= violation) { violation = outside }
      if y[row] != 0 { support += y[row] * (y[row] > 0 ? program.upper[row] : program.lower[row]) }
    }
    let quadratic = x.dot(Px)
    let linear = program.q.dot(x)
    objective = 0.5 * quadratic + linear
    residuals = Residuals(
      primal: violation / (1 + Ax.infinityNorm),
      dual: stationarity.infinityNorm / (1 + max(program.q.infinityNorm, Px.infinityNorm)),
      gap: (quadratic + linear + support).magnitude / (1 + objective.magnitude))
  }
}

/// The memory of a step from one state.
struct StepBuffers {
  private let core: AlternatingDirectionsStep
  let state: AlternatingDirections.State
  private(set) var next: AlternatingDirections.State
  private let program: SparseQuadraticProgram
  private let w: AlignedBuffer
  private let t: AlignedBuffer

  init(_ method: AlternatingDirections, _ state: AlternatingDirections.State) {
    let program = method.program
    precondition(
      state.x.count == program.variables && state.z.count == program.rows
        && state.y.count == program.rows,
      "AlternatingDirections: a state of x [\(state.x.count)], z [\(state.z.count)], "
        + "y [\(state.y.count)] for a program of shape [\(program.rows), \(program.variables)]")
    precondition(
      state.penalty > 0 && state.penalty.isFinite,
      "AlternatingDirections: the penalty \(state.penalty) is not positive")
    core = method.core
    self.program = program
    self.state = state
    next = AlternatingDirections.State(
      x: Vector(storage: AlignedBuffer(uninitializedCount: program.variables)),
      z: Vector(storage: AlignedBuffer(uninitializedCount: program.rows)),
      y: Vector(storage: AlignedBuffer(uninitializedCount: program.rows)),
      penalty: state.penalty)
    w = AlignedBuffer(uninitializedCount: program.variables + program.rows)
    t = AlignedBuffer(uninitializedCount: program.rows)
  }

  var point: AlternatingDirectionsStep.Point { state.point }
  var data: AlternatingDirectionsStep.Data { program.data }
  var record: AlternatingDirectionsStep.Record { .init(w: w.pointer, t: t.pointer) }

  mutating func step() {
    core.step(point, data, penalty: state.penalty, next: next.point, record: record)
  }
}

extension AlternatingDirections.State {
  var point: AlternatingDirectionsStep.Point {
    .init(x: x.storage.pointer, z: z.storage.pointer, y: y.storage.pointer)
  }
}

extension SparseQuadraticProgram {
  var data: AlternatingDirectionsStep.Data {
    .init(q: q.storage.pointer, lower: lower.storage.pointer, upper: upper.storage.pointer)
  }
}
