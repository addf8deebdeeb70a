/// The sum of all entries.
public func sum<A: ModelTerm>(_ a: A) -> ModelExpression {
  let node = a.expression.node
  return gathered("sum", node, shape: []) { map in
    for i in 0..<node.count { map.add(0, i, 1) }
  }
}

/// The sums of a matrix over its rows (`axis: 0`, one for each column) or columns (`axis: 1`).
public func sum<A: ModelTerm>(_ a: A, axis: Int) -> ModelExpression {
  let node = a.expression.node
  guard node.shape.count == 2, (0...1).contains(axis) else {
    return invalid(node, "sum over axis \(axis): needs a matrix and axis 0 or 1")
  }
  let (m, n) = (node.shape[0], node.shape[1])
  return gathered("sum", node, shape: [axis == 0 ? n : m]) { map in
    for i in 0..<m { for j in 0..<n { map.add(axis == 0 ? j : i, i * n + j, 1) } }
  }
}

/// The mean of all entries.
public func mean<A: ModelTerm>(_ a: A) -> ModelExpression {
  sum(a) * (1 / Double(max(1, a.expression.node.count)))
}

/// The sum of the diagonal of a square matrix.
public func trace<A: ModelTerm>(_ a: A) -> ModelExpression {
  let node = a.expression.node
  guard let n = node.squareSize else { return invalid(node, "trace: needs a square matrix") }
  return gathered("trace", node, shape: []) { map in
    for i in 0..<n { map.add(0, i * n + i, 1) }
  }
}

/// The diagonal of a square matrix, or the diagonal matrix of a vector.
public func diagonal<A: ModelTerm>(_ a: A) -> ModelExpression {
  let node = a.expression.node
  if node.shape.count == 1 {
    let n = node.count
    return gathered("diagonal", node, shape: [n, n]) { map in
      for i in 0..<n { map.add(i * n + i, i, 1) }
    }
  }
  guard let n = node.squareSize else {
    return invalid(node, "diagonal: needs a vector or a square matrix")
  }
  return gathered("diagonal", node, shape: [n]) { map in
    for i in 0..<n { map.add(i, i * n + i, 1) }
  }
}

/// The entries above the diagonal of a square matrix, row by row, `[n (n - 1) / 2]`.
public func upperTriangle<A: ModelTerm>(_ a: A) -> ModelExpression {
  let node = a.expression.node
  guard let n = node.squareSize else {
    return invalid(node, "upperTriangle: needs a square matrix")
  }
  let places = (0..<n).flatMap { i in (i + 1..<max(n, i + 1)).map { i * n + $0 } }
  return picked("upperTriangle", node, places, shape: [places.count])
}

/// The sums of the first 1, 2, ... entries of a vector.
public func cumulativeSum<A: ModelTerm>(_ a: A) -> ModelExpression {
  let node = a.expression.node
  guard node.shape.count == 1 else { return invalid(node, "cumulativeSum: needs a vector") }
  return gathered("cumulativeSum", node, shape: node.shape) { map in
    for i in 0..<node.count { for j in 0...i { map.add(i, j, 1) } }
  }
}

/// The differences of neighbours, `x[i + 1] - x[i]`, taken `order` times, `[n - order]`.
public func differences<A: ModelTerm>(_ a: A, order: Int = 1) -> ModelExpression {
  let node = a.expression.node
  guard node.shape.count == 1, order >= 0, order <= node.count else {
    return invalid(node, "differences of order \(order): needs a vector of at least that length")
  }
  var result = a.expression
  for _ in 0..<order {
    let n = result.node.count
    result = result[1..<n] - result[0..<n - 1]
  }
  return result
}

/// The vectors and scalars one after the other, or matrices with the same columns one below the other.
public func concatenate(_ parts: [any ExpressionConvertible]) -> ModelExpression {
  let nodes = parts.map(\.expression.node)
  let columns = nodes.first { $0.shape.count == 2 }?.shape[1]
  var rows = 0
  for node in nodes {
    if let columns {
      guard node.shape == [columns] || node.shape.count == 2 && node.shape[1] == columns else {
        return mismatched("concatenate", nodes)
      }
      rows += node.shape.count == 2 ? node.shape[0] : 1
    } else {
      rows += node.count
    }
  }
  let shape = columns.map { [rows, $0] } ?? [rows]
  var start = 0
  let count = shape.reduce(1, *)
  let maps = nodes.map { node in
    var map = LinearMap(outputs: count, inputs: node.count, capacity: node.count)
    for i in 0..<node.count { map.add(start + i, i, 1) }
    start += node.count
    return map
  }
  return ModelExpression(.linear("concatenate", nodes, maps, shape: shape))
}

/// A matrix of blocks: a list of rows of blocks, of which neighbours have the same height and blocks below
/// each other the same width. Scalars are 1 × 1, vectors are columns.
public func blockMatrix(_ rows: [[any ExpressionConvertible]]) -> ModelExpression {
  let strips = rows.map { row in
    let blocks = row.map { part in
      let e = part.expression
      return e.shape.count == 2
        ? e : e.reshaped(to: [e.shape.first ?? 1, 1])
    }
    return concatenate(blocks.map { $0.transposed }).transposed
  }
  return concatenate(strips)
}

extension ModelTerm {
  /// The transpose of a matrix; vectors and scalars are their own.
  public var transposed: ModelExpression {
    let node = expression.node
    guard node.shape.count == 2 else { return expression }
    let (m, n) = (node.shape[0], node.shape[1])
    let places = (0..<n).flatMap { j in (0..<m).map { $0 * n + j } }
    return picked("transposed", node, places, shape: [n, m])
  }

  /// The same entries, in row-major order, in another shape.
  public func reshaped(to shape: [Int]) -> ModelExpression {
    let node = expression.node
    guard shape.count <= 2, shape.reduce(1, *) == node.count else {
      return invalid(node, "reshape: \(node.shape) has not as many entries as \(shape)")
    }
    return picked("reshaped", node, Array(0..<node.count), shape: shape)
  }

  /// All entries in row-major order as a vector.
  public var flattened: ModelExpression { reshaped(to: [expression.node.count]) }

  /// An entry of a vector, or a row of a matrix.
  public subscript(_ index: Int) -> ModelExpression {
    let node = expression.node
    guard let length = node.shape.first, (0..<length).contains(index) else {
      return invalid(node, "index \(index) is out of range of the shape \(node.shape)")
    }
    let width = node.count / length
    return picked(
      "[\(index)]", node, Array(index * width..<(index + 1) * width),
      shape: Array(node.shape.dropFirst()))
  }

  /// A part of a vector, or some rows of a matrix.
  public subscript(_ range: Range<Int>) -> ModelExpression {
    let node = expression.node
    guard let length = node.shape.first, range.lowerBound >= 0, range.upperBound <= length else {
      return invalid(node, "range \(range) is out of the shape \(node.shape)")
    }
    let width = length == 0 ? 0 : node.count / length
    return picked(
      "[\(range)]", node, Array(range.lowerBound * width..<range.upperBound * width),
      shape: [range.count] + node.shape.dropFirst())
  }

  /// An entry of a matrix.
  public subscript(_ row: Int, _ column: Int) -> ModelExpression { self[row][column] }

  /// A part of a column of a matrix.
  public subscript(_ rows: Range<Int>, _ column: Int) -> ModelExpression {
    self[rows].transposed[column]
  }

  /// A part of a row of a matrix.
  public subscript(_ row: Int, _ columns: Range<Int>) -> ModelExpression { self[row][columns] }

  /// A block of a matrix.
  public subscript(_ rows: Range<Int>, _ columns: Range<Int>) -> ModelExpression {
    self[rows].transposed[columns].transposed
  }
}

extension Node {
  /// The order of a square matrix, nil for anything else; a scalar is of order 1.
  var squareSize: Int? {
    if shape.isEmpty { return 1 }
    return shape.count == 2 && shape[0] == shape[1] ? shape[0] : nil
  }
}

func invalid(_ node: Node, _ reason: String) -> ModelExpression {
  ModelExpression(
    Node(invalid: "\(reason), \(node.text) has shape \(node.shape)", arguments: [node]))
}

private func mismatched(_ name: String, _ nodes: [Node]) -> ModelExpression {
  let parts = nodes.map { "\($0.text) with shape \($0.shape)" }.joined(separator: ", ")
  return ModelExpression(
    Node(invalid: "\(name): the parts do not fit each other: \(parts)", arguments: nodes))
}

private func gathered(
  _ name: String, _ node: Node, shape: [Int], _ fill: (inout LinearMap) -> Void
) -> ModelExpression {
  var map = LinearMap(outputs: shape.reduce(1, *), inputs: node.count)
  fill(&map)
  return ModelExpression(.linear(name, [node], [map], shape: shape))
}

private func picked(_ name: String, _ node: Node, _ places: [Int], shape: [Int]) -> ModelExpression
{
  if shape == node.shape && places == Array(0..<node.count) { return ModelExpression(node) }
  return ModelExpression(
    .linear(name, [node], [LinearMap(gathering: places, of: node.count)], shape: shape))
}
