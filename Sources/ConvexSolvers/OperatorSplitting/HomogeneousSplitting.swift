import LinearAlgebra
import OptimizationCore

/// The operator splitting of the homogeneous embedding of quadratic cone programs, as in SCS 3: one
/// factorization, then cheap steps that can be taken, differentiated and learned one by one.
///
/// ```swift
/// let method = try HomogeneousSplitting(program)
/// var state = method.initialState
/// for _ in 0..<100 { state = method.step(state) }
/// method.residual(state).largest
/// let gradient = method.stepVJP(at: state, cotangent: upstream)
/// ```
///
/// *When to use*: cone programs too large for an interior point, moderate accuracy, many programs with the
/// same P and A, and as the layer of a network that learns to solve. *When not*: where the interior point
/// of `ConeProgram.solve` is affordable: it is far more accurate. A program without solution gives a
/// certificate.
///
/// Reference: O'Donoghue 2021, "Operator splitting for a homogeneous embedding of the linear
/// complementarity problem".
public struct HomogeneousSplitting: Sendable {
  /// The program.
  public let program: ConeProgram
  /// How the method runs.
  public let settings: HomogeneousSplittingSettings
  package let core: HomogeneousSplittingStep

  /// What a step turns into the next: the variable w of the splitting, all that the method knows. At a
  /// fixed point it is the solution of the embedding plus its slack over the weights.
  public struct State: Sendable, Equatable {
    /// (x, y, τ) of w, shape `[n + m + 1]`.
    public var w: Vector
    /// The scale of the weights of the rows.
    public var scale: Double

    /// A state, from an earlier solve or predicted.
    public init(w: Vector, scale: Double) {
      self.w = w
      self.scale = scale
    }
  }

  /// Analyzes and factorizes.
  ///
  /// - Throws: `SettingsError`, and `ProblemError` if P is not positive semidefinite or the factors do
  ///   not fit into memory.
  public init(
    _ program: ConeProgram,
    settings: HomogeneousSplittingSettings = HomogeneousSplittingSettings()
  ) throws {
    try settings.validate()
    self.program = program
    self.settings = settings
    core = try HomogeneousSplittingStep(program, settings: settings)
  }

  /// x = y = 0, τ = 1, with the scale of the settings.
  public var initialState: State {
    var w = Vector.zeros(program.variables + program.rows + 1)
    w[w.count - 1] = 1
    return State(w: w, scale: settings.scale)
  }

  /// A state for a guess of the solution, its dual and slack, as a warm start.
  public func state(x: Vector, y: Vector, s: Vector) -> State {
    let (n, m) = (program.variables, program.rows)
    precondition(
      x.count == n && y.count == m && s.count == m,
      "HomogeneousSplitting.state: x [\(x.count)], y [\(y.count)], s [\(s.count)] for a program of "
        + "shape [\(m), \(n)]")
    let weights = core.weights(scale: settings.scale)
    var w = Vector(x.array + y.array + [1])
    for row in 0..<m where s[row].isFinite { w[n + row] += s[row] / weights[n + row] }
    for row in core.absentRows { w[n + row] = 1 / weights[n + row] }
    return State(w: w, scale: settings.scale)
  }

  /// One step; the scale stays. A new scale costs a factorization, which is kept.
  public func step(_ state: State) -> State { taken(state, wantsDerivatives: false).next }

  /// The iterate that a step from a state makes: primal and dual solution and slack, in the cones, each
  /// divided by τ. NaN if τ is zero, as for programs without solution.
  public func solution(_ state: State) -> (x: Vector, y: Vector, s: Vector) {
    let iterate = iterate(state)
    var s = (1 / iterate.tau) * iterate.s
    for row in core.absentRows { s[row] = .infinity }
    return ((1 / iterate.tau) * iterate.x, (1 / iterate.tau) * iterate.y, s)
  }

  /// How well `solution` of a state satisfies the optimality conditions.
  public func residual(_ state: State) -> Residuals {
    let (x, y, s) = solution(state)
    return residuals(x, y, s)
  }

  func residuals(_ x: Vector, _ y: Vector, _ s: Vector) -> Residuals {
    withExtendedLifetime((x, y, s)) {
      ItemPoint(
        program.batch, 0, x: x.storage.pointer, y: y.storage.pointer, s: s.storage.pointer
      ).residuals()
    }
  }

  /// A point of the embedding: u = (x, y, τ) and the slacks v = R (w + u - 2ũ).
  struct Iterate {
    var x: Vector
    var y: Vector
    var s: Vector
    var tau: Double
    var kappa: Double
  }

  func iterate(_ state: State) -> Iterate {
    let (n, m) = (program.variables, program.rows)
    let (record, _) = taken(state, wantsDerivatives: false)
    let weights = core.weights(scale: state.scale)
    let s = (n..<n + m).map { weights[$0] * (state.w[$0] + record.u[$0] - 2 * record.z[$0]) }
    return withExtendedLifetime(record) {
      Iterate(
        x: Vector((0..<n).map { record.u[$0] }), y: Vector((n..<n + m).map { record.u[$0] }),
        s: Vector(s), tau: record.tauOfU,
        kappa: core.weightOfTau * (state.w[n + m] + record.tauOfU - 2 * record.tau))
    }
  }

  /// A step with what it leaves behind.
  func taken(
    _ state: State, wantsDerivatives: Bool, prepared: HomogeneousSplittingStep.Record? = nil
  ) -> (record: HomogeneousSplittingStep.Record, next: State) {
    let size = program.variables + program.rows + 1
    precondition(
      state.w.count == size,
      "HomogeneousSplitting: a state of [\(state.w.count)] numbers for a program of shape "
        + "[\(program.rows), \(program.variables)]")
    precondition(
      state.scale > 0 && state.scale.isFinite,
      "HomogeneousSplitting: the scale \(state.scale) is not positive")
    let next = AlignedBuffer(uninitializedCount: size)
    let record = prepared ?? self.prepared(scale: state.scale)
    withExtendedLifetime(state.w) {
      core.step(
        state.w.storage.pointer, scale: state.scale, next: next.pointer, record: record,
        wantsDerivatives: wantsDerivatives)
    }
    return (record, State(w: Vector(storage: next), scale: state.scale))
  }

  /// A record for steps at a scale.
  func prepared(scale: Double) -> HomogeneousSplittingStep.Record {
    let record = HomogeneousSplittingStep.Record(core)
    let (c, b) = (program.c, program.b)
    withExtendedLifetime((c, b)) {
      core.prepare(record, c: c.storage.pointer, b: b.storage.pointer, scale: scale)
    }
    return record
  }
}
