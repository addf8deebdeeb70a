/// The common shape of two, by the rule of arrays: axes are aligned at the end, a length of 1 is repeated.
func broadcastShape(_ left: [Int], _ right: [Int]) -> [Int]? {
  let rank = max(left.count, right.count)
  var shape: [Int] = []
  for axis in 0..<rank {
    let a = axis - (rank - left.count)
    let b = axis - (rank - right.count)
    let (m, n) = (a < 0 ? 1 : left[a], b < 0 ? 1 : right[b])
    guard m == n || m == 1 || n == 1 else { return nil }
    shape.append(m == 1 ? n : m)
  }
  return shape
}

/// For each entry of the broadcast array the entry of the original, both in row-major order.
func broadcastIndices(from shape: [Int], to target: [Int]) -> [Int] {
  let count = target.reduce(1, *)
  if shape == target { return Array(0..<count) }
  let padded = [Int](repeating: 1, count: target.count - shape.count) + shape
  let (rows, columns) = target.count == 2 ? (target[0], target[1]) : (1, target.first ?? 1)
  let (m, n) = padded.count == 2 ? (padded[0], padded[1]) : (1, padded.first ?? 1)
  var indices: [Int] = []
  indices.reserveCapacity(count)
  for row in 0..<rows {
    for column in 0..<columns {
      indices.append((m == 1 ? 0 : row) * n + (n == 1 ? 0 : column))
    }
  }
  return indices
}

extension Node {
  /// The node repeated to a shape.
  func broadcast(to target: [Int]) -> Node {
    if target == shape { return self }
    return .linear(
      "broadcast", [self],
      [LinearMap(gathering: broadcastIndices(from: shape, to: target), of: count)], shape: target)
  }

  /// Both nodes in their common shape, or what is wrong with them.
  static func paired(_ operation: String, _ left: Node, _ right: Node) -> (Node, Node, Node?) {
    guard let shape = broadcastShape(left.shape, right.shape) else {
      let reason =
        "\(operation): the shapes \(left.shape) of \(left.text) and \(right.shape) of "
        + "\(right.text) do not fit each other"
      return (left, right, Node(invalid: reason, arguments: [left, right]))
    }
    return (left.broadcast(to: shape), right.broadcast(to: shape), nil)
  }

  /// A scalar that a sum adds to every entry of a matrix, where it looks as if the same multiple of the identity
  /// was meant.
  var repeatedScalar: Node? {
    if case .product = kind, let factor = arguments.first(where: \.isRepeated) {
      return arguments.first { $0 !== factor }?.repeatedScalar
    }
    guard case .linear(let name, _) = kind else { return nil }
    let scalar = arguments.first { $0.count < count && $0.count == 1 && $0.sign != .zero }
    if name == "+" || name == "-", let scalar { return scalar }
    return arguments.lazy.compactMap(\.repeatedScalar).first
  }

  /// Whether all entries are one scalar.
  private var isRepeated: Bool {
    if let values = constantValues { return values.allSatisfy { $0 == values[0] } }
    if case .linear("broadcast", _) = kind { return arguments[0].count == 1 }
    return false
  }
}
