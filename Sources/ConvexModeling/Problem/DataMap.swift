import Autodiff

/// The affine map from the parameters of a program to one of its data (P, c, A or b).
struct DataMap: Sendable {
  private let map: LinearMap
  /// The leaves that the datum depends on.
  private let leaves: [Int]
  /// The value, `[1, entries]`, if there are none.
  private let constant: Tensor?

  /// - Parameters:
  ///   - entries: triplets of place in the datum, parameter, coefficient.
  ///   - starts: the first parameter of each leaf, and one past the last.
  init(count: Int, entries: [(place: Int, parameter: Int, value: Double)], starts: [Int]) {
    var leafOf = [Int](repeating: 0, count: starts[starts.count - 1])
    for leaf in 0..<starts.count - 1 {
      for k in starts[leaf]..<starts[leaf + 1] { leafOf[k] = leaf }
    }
    var isUsed = [Bool](repeating: false, count: starts.count - 1)
    for entry in entries where entry.parameter > 0 { isUsed[leafOf[entry.parameter]] = true }
    leaves = isUsed.indices.filter { isUsed[$0] }
    var offset = [Int](repeating: 0, count: isUsed.count)
    var inputs = 1
    for leaf in leaves {
      offset[leaf] = inputs - starts[leaf]
      inputs += starts[leaf + 1] - starts[leaf]
    }
    var map = LinearMap(outputs: count, inputs: inputs, capacity: entries.count)
    for entry in entries {
      let input = entry.parameter == 0 ? 0 : entry.parameter + offset[leafOf[entry.parameter]]
      map.add(entry.place, input, entry.value)
    }
    self.map = map
    constant = leaves.isEmpty ? map(Tensor.ones([1, 1])) : nil
  }

  /// The datum, `[B, entries]`, or `[entries]` if none of its parameters has a batch axis.
  ///
  /// - Parameter values: the values of all leaves, `[B, entries]` or `[1, entries]`.
  func callAsFunction(_ values: [Tensor], isBatched: [Bool]) -> Tensor {
    if let constant { return constant.reshaped(to: [map.outputs]) }
    let batched = leaves.contains { isBatched[$0] }
    let items = leaves.map { isBatched[$0] ? values[$0].shape[0] : 1 }.max() ?? 1
    let parts = leaves.map { leaf in
      let value = values[leaf]
      return value.shape[0] == items ? value : value.broadcast(to: [items, value.shape[1]])
    }
    let result = map(concatenate([Tensor.ones([items, 1])] + parts, axis: 1))
    return batched ? result : result.reshaped(to: [map.outputs])
  }

  /// The number of triplets.
  var entries: Int { map.count }
}
