import LinearAlgebra

/// A number, vector or matrix that is given when the problem is solved.
public final class Parameter: ModelTerm, Sendable {
  /// What is promised about a matrix.
  public enum Structure: Sendable {
    case full
    /// Symmetric, `[n, n]`.
    case symmetric
    /// Symmetric positive semidefinite, `[n, n]`: may be the matrix of `quadForm`.
    case semidefinite
    /// Zero off the diagonal, `[n, n]`; its values are given as the vector of the diagonal, `[n]`.
    case diagonal
    /// Zero outside of a pattern; its values are given as the vector of the pattern's entries, column by
    /// column.
    case sparse(SparsityPattern)
  }

  /// The lengths of the axes; empty for a scalar.
  public let shape: [Int]
  /// What is promised about the sign; checked when a value is given.
  public let sign: Sign
  /// What is promised about the matrix.
  public let structure: Structure
  /// The name in messages.
  public let name: String

  /// A parameter.
  ///
  /// - Parameters:
  ///   - shape: no length for a scalar, one for a vector, two for a matrix.
  ///   - sign: the promised sign of every entry, on which the curvature may depend.
  ///   - structure: `.semidefinite` for the matrix of a `quadForm`.
  ///   - name: the name in messages.
  public init(
    _ shape: Int..., sign: Sign = .unknown, structure: Structure = .full, name: String = "p"
  ) {
    self.shape = shape
    self.sign = sign
    self.structure = structure
    self.name = name
  }

  /// A sparse matrix whose values are given as the vector of the pattern's entries, column by column.
  public convenience init(
    pattern: SparsityPattern, sign: Sign = .unknown, name: String = "p"
  ) {
    self.init(
      pattern.rows, pattern.columns, sign: sign, structure: .sparse(pattern), name: name)
  }

  /// The shape in which values are given: that of the parameter, or `[entries]` for diagonal and sparse
  /// ones.
  public var valueShape: [Int] {
    switch structure {
    case .full, .symmetric, .semidefinite: shape
    case .diagonal: [shape.first ?? 1]
    case .sparse(let pattern): [pattern.entries]
    }
  }

  public var expression: ModelExpression {
    if shape.count > 2 || shape.contains(where: { $0 < 0 }) {
      return ModelExpression(
        Node(invalid: "the parameter \(name) has shape \(shape); at most two axes are possible"))
    }
    let node = Node(parameter: self, shape: valueShape, sign: sign)
    let isSquare = shape.count == 2 && shape[0] == shape[1]
    switch structure {
    case .full: return ModelExpression(node)
    case _ where shape.count != 2: break
    case .sparse(let pattern):
      guard shape == [pattern.rows, pattern.columns] else { break }
      return ModelExpression(scattered(node, places: pattern.rowMajorPlaces))
    case .diagonal where isSquare:
      return ModelExpression(scattered(node, places: (0..<shape[0]).map { $0 * (shape[0] + 1) }))
    case .symmetric where isSquare, .semidefinite where isSquare: return ModelExpression(node)
    default: break
    }
    return ModelExpression(
      Node(invalid: "the parameter \(name) of shape \(shape) cannot be \(structure.text)"))
  }

  private func scattered(_ node: Node, places: [Int]) -> Node {
    var map = LinearMap(
      outputs: shape.reduce(1, *), inputs: places.count, capacity: places.count)
    for (entry, place) in places.enumerated() { map.add(place, entry, 1) }
    return .linear("scattered", [node], [map], shape: shape)
  }
}

extension Parameter.Structure {
  /// The structure in words.
  var text: String {
    switch self {
    case .full: "full"
    case .symmetric: "symmetric"
    case .semidefinite: "semidefinite"
    case .diagonal: "diagonal"
    case .sparse(let pattern):
      "sparse with a pattern of shape [\(pattern.rows), \(pattern.columns)]"
    }
  }
}

extension SparsityPattern {
  /// For each entry, column by column, its place in a row-major matrix.
  var rowMajorPlaces: [Int] {
    (0..<columns).flatMap { column in
      (columnStarts[column]..<columnStarts[column + 1]).map { rowIndices[$0] * columns + column }
    }
  }
}
