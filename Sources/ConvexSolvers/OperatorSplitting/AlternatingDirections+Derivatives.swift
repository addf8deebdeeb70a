import LinearAlgebra

extension AlternatingDirections {
  /// A change of the state and the data before a step.
  public struct StepPerturbation: Sendable {
    /// Of the state; its penalty is the change of the penalty. Nil for none.
    public var state: State?
    /// Shape `[n]`, nil for zero.
    public var q: Vector?
    /// Shape `[m]`, nil for zero.
    public var lower: Vector?
    /// Shape `[m]`, nil for zero.
    public var upper: Vector?
    /// At the stored entries of P, symmetric; nil for zero.
    public var P: Vector?
    /// At the stored entries of A; nil for zero.
    public var A: Vector?

    /// No change.
    public init() {}
  }

  /// The gradient with respect to what goes into a step.
  public struct StepGradient: Sendable {
    /// Of the state; its penalty is the gradient of the penalty.
    public var state: State
    /// Shape `[n]`.
    public var q: Vector
    /// Shape `[m]`.
    public var lower: Vector
    /// Shape `[m]`.
    public var upper: Vector
    /// At the stored entries of P, symmetrized.
    public var P: Vector
    /// At the stored entries of A.
    public var A: Vector
  }

  /// The derivative of `step` at a state along a change of the state and the data.
  ///
  /// The weights that the equilibration found are constants. Where a row comes to lie exactly on a bound
  /// the derivative is the mean of those on both sides.
  ///
  /// - Returns: the tangent of the next state, with that of the penalty.
  public func stepJVP(at state: State, along change: StepPerturbation) -> State {
    var buffers = StepBuffers(self, state)
    buffers.step()
    let zero = AlternatingDirections.State.zeros(like: state)
    let tangent = change.state ?? zero
    let q = change.q ?? .zeros(program.variables)
    let lower = change.lower ?? .zeros(program.rows)
    let upper = change.upper ?? .zeros(program.rows)
    requireShapes(tangent, q, lower, upper)
    precondition(
      (change.P?.count ?? program.P.pattern.entries) == program.P.pattern.entries
        && (change.A?.count ?? program.A.pattern.entries) == program.A.pattern.entries,
      "stepJVP: changes of P and A have one number for each stored entry")
    let next = zero.copy
    let scratch = AlignedBuffer(uninitializedCount: program.variables + program.rows)
    withExtendedLifetime((q, lower, upper, tangent, change, buffers)) {
      core.jvp(
        at: buffers.point, buffers.data, penalty: state.penalty, record: buffers.record,
        tangent: tangent.point,
        .init(
          q: q.storage.pointer, lower: lower.storage.pointer, upper: upper.storage.pointer),
        .init(
          P: change.P?.storage.pointer, A: change.A?.storage.pointer, penalty: tangent.penalty),
        next: next.point, scratch: scratch.pointer)
    }
    return State(x: next.x, z: next.z, y: next.y, penalty: tangent.penalty)
  }

  /// The gradient of `cotangent · step` with respect to the state and the data; see `stepJVP`.
  ///
  /// - Parameter cotangent: of the next state; its penalty is the cotangent of the penalty, which a step
  ///   hands on.
  public func stepVJP(at state: State, cotangent: State) -> StepGradient {
    var buffers = StepBuffers(self, state)
    buffers.step()
    var gradient = StepGradient(
      state: .zeros(like: state), q: .zeros(program.variables), lower: .zeros(program.rows),
      upper: .zeros(program.rows), P: .zeros(program.P.pattern.entries),
      A: .zeros(program.A.pattern.entries))
    requireShapes(cotangent, gradient.q, gradient.lower, gradient.upper)
    let scratch = AlignedBuffer(uninitializedCount: program.variables + program.rows)
    let penalty = withExtendedLifetime((cotangent, buffers)) {
      core.vjp(
        at: buffers.point, buffers.data, penalty: state.penalty, record: buffers.record,
        cotangent: cotangent.point, gradient: gradient.state.point,
        .init(
          q: gradient.q.storage.pointer, lower: gradient.lower.storage.pointer,
          upper: gradient.upper.storage.pointer),
        gradientOfP: gradient.P.storage.pointer, gradientOfA: gradient.A.storage.pointer,
        scratch: scratch.pointer)
    }
    gradient.state.penalty = cotangent.penalty + penalty
    return gradient
  }

  private func requireShapes(_ state: State, _ q: Vector, _ lower: Vector, _ upper: Vector) {
    let (n, m) = (program.variables, program.rows)
    precondition(
      state.x.count == n && state.z.count == m && state.y.count == m && q.count == n
        && lower.count == m && upper.count == m,
      "AlternatingDirections: x [\(state.x.count)], z [\(state.z.count)], y [\(state.y.count)], "
        + "q [\(q.count)], bounds [\(lower.count)], [\(upper.count)] for a program of shape "
        + "[\(m), \(n)]")
  }
}

extension AlternatingDirections.State {
  /// Zeros of the shapes of a state, in memory of their own.
  static func zeros(like state: Self) -> Self {
    Self(
      x: .zeros(state.x.count), z: .zeros(state.z.count), y: .zeros(state.y.count), penalty: 0)
  }

  /// The same numbers in memory of their own.
  var copy: Self {
    Self(x: Vector(x.array), z: Vector(z.array), y: Vector(y.array), penalty: penalty)
  }
}
