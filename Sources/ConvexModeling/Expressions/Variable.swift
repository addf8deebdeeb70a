/// What a problem is solved for.
///
/// ```swift
/// let x = Variable(3)                                   // vector
/// let X = Variable(4, 4, structure: .semidefinite)      // symmetric positive semidefinite matrix
/// let share = Variable(lower: 0, upper: 1)              // scalar
/// ```
public final class Variable: ModelTerm, Sendable {
  /// Which entries of a matrix variable are independent.
  public enum Structure: Sendable {
    case full
    /// Symmetric, `[n, n]`.
    case symmetric
    /// Symmetric and positive semidefinite, `[n, n]`.
    case semidefinite
    /// Zero off the diagonal, `[n, n]`.
    case diagonal
  }

  /// The lengths of the axes; empty for a scalar.
  public let shape: [Int]
  /// The name in messages.
  public let name: String
  /// Which entries are independent.
  public let structure: Structure
  /// The bound that every entry is at least.
  public let lower: Double?
  /// The bound that every entry is at most.
  public let upper: Double?

  /// A variable.
  ///
  /// - Parameters:
  ///   - shape: no length for a scalar, one for a vector, two for a matrix.
  ///   - structure: other than `.full` only for square matrices; `Problem` throws otherwise.
  ///   - lower: what every entry is at least; nil for no bound.
  ///   - upper: what every entry is at most; nil for no bound.
  ///   - name: the name in messages.
  public convenience init(
    _ shape: Int..., structure: Structure = .full, lower: Double? = nil, upper: Double? = nil,
    name: String = "x"
  ) {
    self.init(shape: shape, structure: structure, lower: lower, upper: upper, name: name)
  }

  init(shape: [Int], structure: Structure, lower: Double?, upper: Double?, name: String) {
    self.shape = shape
    self.structure = structure
    self.lower = lower
    self.upper = upper
    self.name = name
  }

  public var expression: ModelExpression {
    let isSquare = shape.count == 2 && shape[0] == shape[1]
    if shape.count > 2 || shape.contains(where: { $0 < 0 }) {
      return ModelExpression(
        Node(invalid: "the variable \(name) has shape \(shape); at most two axes are possible"))
    }
    if structure != .full && !isSquare {
      return ModelExpression(
        Node(invalid: "the variable \(name) is \(structure), but its shape \(shape) is not square"))
    }
    let sign: Sign =
      if let lower, lower >= 0 { .nonnegative } else if let upper, upper <= 0 { .nonpositive } else
      {
        .unknown
      }
    return ModelExpression(Node(variable: self, shape: shape, sign: sign))
  }

  /// For each entry the number of the independent component that it is, nil for a structural zero; and
  /// how many components there are.
  var components: (ofEntry: [Int?], count: Int) {
    let count = shape.reduce(1, *)
    guard structure != .full else { return (Array(0..<count), count) }
    let n = shape[0]
    var places = [Int?](repeating: nil, count: count)
    var next = 0
    for column in 0..<n {
      for row in column..<(structure == .diagonal ? column + 1 : n) {
        places[row * n + column] = next
        places[column * n + row] = next
        next += 1
      }
    }
    return (places, next)
  }
}
