import Autodiff

/// The shapes of the operands of a step of a batch: states, then data that may be shared, then a scalar.
struct SplittingBatch: Sendable {
  /// The number of items.
  let items: Int
  private let name: String
  /// The distance between the items of each operand: 0 for those that are shared.
  private let strides: [Int]

  /// - Parameters:
  ///   - lengths: of the last axis of each operand but the scalar.
  ///   - states: how many operands must have the leading axes.
  init(_ name: String, _ operands: [Tensor], lengths: [Int], states: Int, leading: [Int]) {
    var strides: [Int] = []
    for (index, (operand, length)) in zip(operands, lengths).enumerated() {
      let isShared = index >= states && operand.shape == [length]
      precondition(
        isShared || operand.shape == leading + [length],
        "\(name): operand \(index) of shape \(operand.shape), expected \(leading + [length])")
      strides.append(isShared ? 0 : length)
    }
    for operand in operands {
      precondition(
        operand.dtype == .float64, "\(name): \(operand.dtype) numbers, expected float64")
    }
    precondition(operands[lengths.count].rank == 0, "\(name): the last operand is one number")
    items = leading.reduce(1, *)
    self.name = name
    self.strides = strides
  }

  /// The numbers of an item; of all items, where they are shared.
  func pointer(_ tensors: [Tensor], _ index: Int, _ item: Int) -> UnsafeMutablePointer<Double> {
    tensors[index].doubles + item * strides[index]
  }

  func zeros(like tensors: ArraySlice<Tensor>) -> [Tensor] {
    tensors.map { Tensor.zeros($0.shape) }
  }

  /// Zeros in the place of nil.
  func filled(_ tensors: [Tensor?], like others: [Tensor]) -> [Tensor] {
    zip(tensors, others).map { $0 ?? Tensor.zeros($1.shape) }
  }

  func requireFirstOrder(_ operands: [Tensor], _ others: [Tensor?]) {
    precondition(
      !operands.contains(where: \.isTraced) && !others.contains { $0?.isTraced ?? false },
      "\(name) has first derivatives only")
  }
}
