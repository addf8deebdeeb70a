import LinearAlgebra

extension HomogeneousSplitting {
  /// A change of the state and the data before a step; nil for none.
  public struct StepPerturbation: Sendable {
    /// Of the state; its scale is the change of the scale.
    public var state: State?
    /// At the stored entries of P, symmetric.
    public var P: Vector?
    /// Shape `[n]`.
    public var c: Vector?
    /// At the stored entries of A.
    public var A: Vector?
    /// Shape `[m]`.
    public var b: Vector?

    /// No change.
    public init() {}
  }

  /// The gradient with respect to what goes into a step.
  public struct StepGradient: Sendable {
    /// Of the state; its scale is the gradient of the scale.
    public var state: State
    /// At the stored entries of P, symmetrized; nil if there is no P.
    public var P: Vector?
    /// Shape `[n]`.
    public var c: Vector
    /// At the stored entries of A.
    public var A: Vector
    /// Shape `[m]`.
    public var b: Vector
  }

  /// The derivative of `step` at a state along a change of the state and the data.
  ///
  /// The weights that the equilibration found are constants. Projections that are not differentiable at the
  /// point have the derivative that `ConeProjection` documents.
  ///
  /// - Returns: the tangent of the next state, with that of the scale.
  public func stepJVP(at state: State, along change: StepPerturbation) -> State {
    let size = program.variables + program.rows + 1
    let (record, _) = taken(state, wantsDerivatives: true)
    let tangent = change.state ?? State(w: .zeros(size), scale: 0)
    precondition(
      tangent.w.count == size && (change.c?.count ?? program.variables) == program.variables
        && (change.b?.count ?? program.rows) == program.rows
        && (change.A?.count ?? core.A.pattern.entries) == core.A.pattern.entries
        && (change.P?.count ?? core.P?.pattern.entries ?? 0) == core.P?.pattern.entries ?? 0,
      "stepJVP: a change of other shapes than the program [\(program.rows), \(program.variables)]")
    let next = AlignedBuffer(uninitializedCount: size)
    let (c, b) = (program.c, program.b)
    withExtendedLifetime((state, change, tangent, c, b, record)) {
      core.jvp(
        at: state.w.storage.pointer, c: c.storage.pointer, b: b.storage.pointer,
        scale: state.scale, record: record, tangent: tangent.w.storage.pointer,
        .init(
          c: change.c?.storage.pointer, b: change.b?.storage.pointer,
          P: change.P?.storage.pointer, A: change.A?.storage.pointer, scale: tangent.scale),
        next: next.pointer)
    }
    return State(w: Vector(storage: next), scale: tangent.scale)
  }

  /// The gradient of `cotangent · step` with respect to the state and the data; see `stepJVP`.
  ///
  /// - Parameter cotangent: of the next state; its scale is the cotangent of the scale, which a step hands
  ///   on.
  public func stepVJP(at state: State, cotangent: State) -> StepGradient {
    let size = program.variables + program.rows + 1
    precondition(
      cotangent.w.count == size, "stepVJP: a cotangent [\(cotangent.w.count)] for [\(size)]")
    let (record, _) = taken(state, wantsDerivatives: true)
    var gradient = StepGradient(
      state: State(w: .zeros(size), scale: 0), P: core.P.map { .zeros($0.pattern.entries) },
      c: .zeros(program.variables), A: .zeros(core.A.pattern.entries), b: .zeros(program.rows))
    let (c, b) = (program.c, program.b)
    let scale = withExtendedLifetime((state, cotangent, c, b, record)) {
      core.vjp(
        at: state.w.storage.pointer, c: c.storage.pointer, b: b.storage.pointer,
        scale: state.scale, record: record, cotangent: cotangent.w.storage.pointer,
        gradient: gradient.state.w.storage.pointer,
        .init(
          c: gradient.c.storage.pointer, b: gradient.b.storage.pointer,
          P: gradient.P?.storage.pointer, A: gradient.A.storage.pointer, scale: 0))
    }
    gradient.state.scale = cotangent.scale + scale
    return gradient
  }
}
