import CKernels

/// A function's value and the map from cotangents of its result to those of its input.
///
/// The pullback can be called any number of times, also inside other derivatives. It keeps what the
/// function's operations need of their operands until it is freed.
///
/// - Parameters:
///   - input: where the derivative is taken.
///   - function: computes with tensors only; what it does with plain numbers is a constant.
/// - Returns: the value, and `pullback`: v -> J'v. A result that doesn't depend on the input has the
///   cotangent zero. The cotangent must have the shapes of the value.
public func vjp<Input: TensorStructure, Output: TensorStructure>(
  at input: Input, of function: (Input) throws -> Output
) rethrows -> (value: Output, pullback: @Sendable (Output) -> Input) {
  let recording = try Recording(at: input, of: function)
  return (recording.value, { recording.pullBack($0, isLast: false) })
}

/// The gradient of a function with a scalar result, in the structure of its input.
///
/// ```swift
/// let slope = gradient(at: Tensor([1, 2, 3])) { x in (x * x).sum() }  // 2 x
/// ```
public func gradient<Input: TensorStructure>(
  at input: Input, of function: (Input) throws -> Tensor
) rethrows -> Input {
  try valueAndGradient(at: input, of: function).gradient
}

/// The value and the gradient of a function with a scalar result.
public func valueAndGradient<Input: TensorStructure>(
  at input: Input, of function: (Input) throws -> Tensor
) rethrows -> (value: Tensor, gradient: Input) {
  let recording = try Recording(at: input, of: function)
  return (recording.value, recording.gradient(of: recording.value))
}

/// The value and the gradient of a function that also returns something else, which the derivative
/// ignores.
public func valueAndGradient<Input: TensorStructure, Auxiliary: TensorStructure>(
  at input: Input, withAuxiliary function: (Input) throws -> (Tensor, Auxiliary)
) rethrows -> (value: Tensor, auxiliary: Auxiliary, gradient: Input) {
  let recording = try Recording(at: input) { input in
    let (value, auxiliary) = try function(input)
    return Pair(value, auxiliary)
  }
  return (
    recording.value.first, recording.value.second, recording.gradient(of: recording.value.first)
  )
}

/// The value and the gradients with respect to two inputs.
public func valueAndGradient<First: TensorStructure, Second: TensorStructure>(
  at first: First, _ second: Second, of function: (First, Second) throws -> Tensor
) rethrows -> (value: Tensor, gradient: (First, Second)) {
  let (value, gradient) = try valueAndGradient(at: Pair(first, second)) {
    try function($0.first, $0.second)
  }
  return (value, (gradient.first, gradient.second))
}

/// The gradients with respect to two inputs.
public func gradient<First: TensorStructure, Second: TensorStructure>(
  at first: First, _ second: Second, of function: (First, Second) throws -> Tensor
) rethrows -> (First, Second) {
  try valueAndGradient(at: first, second, of: function).gradient
}

/// One run of a function with its tape.
private struct Recording<Input: TensorStructure, Output: TensorStructure>: Sendable {
  let input: Input
  let value: Output
  let tape: Tape
  let leafCount: Int
  /// Where the leaves of the output stand on the tape, nil for constants.
  let outputSlots: [Int?]

  init(at input: Input, of function: (Input) throws -> Output) rethrows {
    let level = trace_next_level()
    let tape = Tape()
    defer { tape.isOver = true }
    var count = 0
    let traced = input.mapLeaves { leaf in
      count += 1
      return Tensor(
        storage: leaf.storage,
        trace: Trace(
          level: level, lower: leaf.live.trace, tape: tape, slot: tape.append(Tape.Entry())))
    }
    var output = try function(traced)
    var slots: [Int?] = []
    output.updateLeaves { leaf, _ in
      leaf = leaf.live
      slots.append(leaf.trace(at: level)?.slot)
      leaf = leaf.below(level)
    }
    self.input = input
    value = output
    self.tape = tape
    leafCount = count
    outputSlots = slots
  }

  func pullBack(_ cotangent: Output, isLast: Bool) -> Input {
    var seeds: [(slot: Int, cotangent: Tensor)] = []
    let cotangents = cotangent.leaves
    let values = value.leaves
    precondition(
      cotangents.count == outputSlots.count,
      "pullback: \(cotangents.count) cotangents for \(outputSlots.count) results")
    for (index, tensor) in cotangents.enumerated() {
      precondition(
        tensor.shape == values[index].shape,
        "pullback: cotangent of shape \(tensor.shape) for a result of shape \(values[index].shape)")
      requireSameType(tensor, values[index], "pullback")
      if let slot = outputSlots[index] { seeds.append((slot, tensor)) }
    }
    return pullBack(seeds, isLast: isLast)
  }

  /// The gradient of the first output leaf, a scalar; frees the tape.
  func gradient(of value: Tensor) -> Input {
    precondition(
      value.count == 1,
      "gradient: the function's result has the shape \(value.shape), not one element")
    guard let slot = outputSlots[0] else { return pullBack([], isLast: true) }
    return pullBack([(slot, Tensor.ones(like: value))], isLast: true)
  }

  private func pullBack(_ seeds: [(slot: Int, cotangent: Tensor)], isLast: Bool) -> Input {
    let cotangents = tape.pullBack(seeds, leafCount: leafCount, isLast: isLast)
    var result = input
    result.updateLeaves { leaf, index in
      leaf = cotangents[index] ?? Tensor.zeros(like: leaf)
    }
    return result
  }
}
