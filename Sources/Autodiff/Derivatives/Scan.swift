/// How reverse mode goes back through the steps of a `scan`.
public enum ScanDerivative: Sendable, Hashable {
  /// Through all steps, every intermediate value kept: memory grows with the steps.
  case full
  /// Through all steps, of which only the states at every so-many steps are kept; the steps between are
  /// computed a second time. Nil takes the square root of the number of steps, which makes the memory
  /// proportional to it.
  case checkpointed(every: Int? = nil)
  /// The state is a constant at every so-many steps: truncated backpropagation through time.
  case truncated(every: Int)
  /// Only through the last steps; what came before is a constant, the context included.
  case lastSteps(Int)
}

/// A step repeated on a state, which may be differentiated through.
///
/// Random steps take their numbers from a key folded with the step's index, so that a step that is computed
/// a second time sees the same ones.
///
/// - Parameters:
///   - initial: the state before the first step.
///   - context: what every step may read and what may be differentiated: parameters, data. Tensors that
///     `step` captures instead are constants for a checkpointed scan (one that is being differentiated
///     traps).
///   - steps: how many.
///   - derivative: how reverse mode goes back through them.
///   - step: from state, context and index to the next state.
/// - Returns: the last state.
public func scan<State: TensorStructure, Context: TensorStructure>(
  from initial: State, with context: Context, steps: Int, derivative: ScanDerivative = .full,
  step: @escaping @Sendable (State, Context, _ index: Int) throws -> State
) rethrows -> State {
  try scan(from: initial, with: context, steps: steps, derivative: derivative) {
    state, context, index in (try step(state, context, index), EmptyStructure())
  }.state
}

/// A step repeated on a state, with an output of every step: the losses along the way, a trajectory.
///
/// As the form without outputs, but for what `step` returns: the next state and the output.
/// - Returns: the last state and the outputs, one per step.
public func scan<State: TensorStructure, Context: TensorStructure, Output: TensorStructure>(
  from initial: State, with context: Context, steps: Int, derivative: ScanDerivative = .full,
  step: @escaping @Sendable (State, Context, _ index: Int) throws -> (State, Output)
) rethrows -> (state: State, outputs: [Output]) {
  precondition(steps >= 0, "scan: \(steps) steps")
  var state = initial
  var outputs: [Output] = []
  outputs.reserveCapacity(steps)

  func advance(_ indices: Range<Int>, _ context: Context) throws {
    for index in indices {
      let (next, output) = try step(state, context, index)
      state = next
      outputs.append(output)
    }
  }

  switch derivative {
  case .full:
    try advance(0..<steps, context)
  case .checkpointed(let every):
    let length = every ?? max(1, Int(Double(steps).squareRoot().rounded(.up)))
    precondition(length > 0, "scan: checkpoints every \(length) steps")
    for start in stride(from: 0, to: steps, by: length) {
      let indices = start..<min(start + length, steps)
      let segment = try checkpoint(Pair(state, context)) { input in
        var state = input.first
        var outputs: [Output] = []
        for index in indices {
          let (next, output) = try step(state, input.second, index)
          state = next
          outputs.append(output)
        }
        return Pair(state, outputs)
      }
      state = segment.first
      outputs += segment.second
    }
  case .truncated(let length):
    precondition(length > 0, "scan: truncated every \(length) steps")
    for start in stride(from: 0, to: steps, by: length) {
      if start > 0 { state = state.stoppingGradient() }
      try advance(start..<min(start + length, steps), context)
    }
  case .lastSteps(let count):
    precondition(count >= 0, "scan: the last \(count) steps")
    let first = max(0, steps - count)
    if first > 0 {
      state = state.stoppingGradient()
      try advance(0..<first, context.stoppingGradient())
    }
    try advance(first..<steps, context)
  }
  return (state, outputs)
}
