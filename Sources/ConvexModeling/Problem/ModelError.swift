/// A model that is not a convex problem by the rules: everything that is wrong with it.
public struct ModelError: Error, Sendable, Equatable, CustomStringConvertible {
  /// One place where a rule is broken.
  public struct Violation: Sendable, Equatable, CustomStringConvertible {
    /// Where: the objective or the constraint as it was written.
    public let place: String
    /// The sub-expression that is to blame.
    public let expression: String
    /// The curvature of the sub-expression.
    public let curvature: Curvature
    /// The rule that it breaks.
    public let reason: String
    /// How to write it otherwise, if a way is known.
    public let suggestion: String?

    public var description: String {
      "in \(place): \(expression) (\(curvature.rawValue)): \(reason)"
        + (suggestion.map { "; \($0)" } ?? "")
    }
  }

  /// All violations, in the order of the model.
  public let violations: [Violation]

  public var description: String {
    "the model breaks \(violations.count == 1 ? "a rule" : "\(violations.count) rules"):\n"
      + violations.map { "  - \($0)" }.joined(separator: "\n")
  }
}

/// Values that do not fit the parameters of a problem.
public enum ParameterError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A parameter of the problem has no value.
  case missing(parameter: String)
  /// A value for a parameter that does not occur in the problem.
  case unknown(parameter: String)
  /// A parameter that is listed twice.
  case duplicate(parameter: String)
  /// A value of another shape, which is neither that of the parameter nor has it after a batch axis.
  case shape(parameter: String, expected: [Int], actual: [Int])
  /// Another number of items than other parameters have.
  case batchSize(parameter: String, expected: Int, actual: Int)
  /// A value that breaks the promised sign.
  case sign(parameter: String, item: Int? = nil, expected: Sign, value: Double)
  /// A value that is no number but contains variables or parameters.
  case notNumbers(parameter: String, expression: String)
  /// A matrix with an entry where the parameter has none.
  case outsideOfPattern(parameter: String, row: Int, column: Int, value: Double)
  /// An expression of parameters has no finite value, such as the logarithm of a negative number.
  case undefined(expression: String, item: Int? = nil, value: Double)
  /// NaN or an infinity.
  case notFinite(parameter: String, item: Int? = nil, value: Double)
  /// A matrix that is declared symmetric or semidefinite and is not symmetric.
  case notSymmetric(
    parameter: String, item: Int? = nil, row: Int, column: Int, difference: Double)
  /// A matrix that is declared semidefinite and has a negative eigenvalue.
  case notSemidefinite(parameter: String, item: Int? = nil)
  /// Numbers that are not float64.
  case elementType(parameter: String)
  /// Another number of values than the layer has parameters.
  case count(expected: Int, actual: Int)

  public var description: String {
    switch self {
    case .missing(let name): "parameter \(name): has no value"
    case .unknown(let name): "parameter \(name): does not occur in the problem"
    case .duplicate(let name): "parameter \(name): is listed twice"
    case .shape(let name, let expected, let actual):
      "parameter \(name): the value has shape \(actual), expected \(expected) or one more leading axis"
    case .batchSize(let name, let expected, let actual):
      "parameter \(name): has \(actual) items, the others \(expected)"
    case .sign(let name, let item, let expected, let value):
      "\(place(name, item)): is declared \(expected.rawValue), but an entry is \(value)"
    case .notNumbers(let name, let expression):
      "parameter \(name): the value \(expression) is no number"
    case .outsideOfPattern(let name, let row, let column, let value):
      "parameter \(name): [\(row), \(column)] is \(value), but is zero by the parameter's structure"
    case .undefined(let expression, let item, let value):
      "\(item.map { "item \($0): " } ?? "")the expression \(expression) of the parameters is \(value)"
    case .notFinite(let name, let item, let value): "\(place(name, item)): an entry is \(value)"
    case .notSymmetric(let name, let item, let row, let column, let difference):
      "\(place(name, item)): is declared symmetric, but [\(row), \(column)] and "
        + "[\(column), \(row)] differ by \(difference)"
    case .notSemidefinite(let name, let item):
      "\(place(name, item)): is declared semidefinite, but has a negative eigenvalue"
    case .elementType(let name): "parameter \(name): holds float32 numbers; convert with asType"
    case .count(let expected, let actual):
      "the layer has \(expected) parameters, \(actual) values were given"
    }
  }

  private func place(_ parameter: String, _ item: Int?) -> String {
    (item.map { "item \($0): " } ?? "") + "parameter \(parameter)"
  }
}
