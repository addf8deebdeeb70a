/// Data that cannot be a problem: what is wrong, in which argument, and where.
///
/// `item` is the index in the batch, nil for a single problem or a datum shared by the batch.
public enum ProblemError: Error, Sendable, Equatable {
  /// An argument whose shape does not fit the others.
  case shape(argument: String, item: Int?, expected: [Int], actual: [Int])
  /// A batched argument with another number of items than the batch.
  case batchSize(argument: String, expected: Int, actual: Int)
  /// An argument that another one makes no sense without.
  case missing(argument: String, beside: String)
  /// An argument that must have one value per item, in a first axis more, and has not.
  case batchAxis(argument: String, actual: [Int])
  /// An argument whose numbers have another type than the method works with.
  case elementType(argument: String, expected: String, actual: String)
  /// NaN, or an infinity where only finite numbers mean something.
  case notFinite(argument: String, item: Int?, index: [Int], value: Double)
  /// A quadratic term that is not symmetric.
  case notSymmetric(argument: String, item: Int?, row: Int, column: Int, difference: Double)
  /// A quadratic term with a negative eigenvalue below `-shift`: the problem is not convex.
  case notPositiveSemidefinite(argument: String, item: Int?, shift: Double)
  /// Cones that mean nothing: a negative size, or an exponent out of range.
  case cone(reason: String)
  /// More memory than the method can use.
  case tooLarge(reason: String)

  /// The name of the offending argument, if one is to blame.
  public var argument: String? {
    switch self {
    case .shape(let argument, _, _, _), .batchSize(let argument, _, _),
      .elementType(let argument, _, _), .missing(let argument, _), .batchAxis(let argument, _),
      .notFinite(let argument, _, _, _), .notSymmetric(let argument, _, _, _, _),
      .notPositiveSemidefinite(let argument, _, _):
      argument
    case .cone: "cones"
    case .tooLarge: nil
    }
  }

  /// The index of the offending item in the batch.
  public var item: Int? {
    switch self {
    case .shape(_, let item, _, _), .notFinite(_, let item, _, _),
      .notSymmetric(_, let item, _, _, _), .notPositiveSemidefinite(_, let item, _):
      item
    case .batchSize, .missing, .batchAxis, .elementType, .cone, .tooLarge: nil
    }
  }

  /// What is wrong with the argument, without its name and the item.
  public var reason: String {
    switch self {
    case .shape(_, _, let expected, let actual):
      "has shape \(actual), expected \(expected)"
    case .batchSize(_, let expected, let actual):
      "has \(actual) items, the batch has \(expected)"
    case .missing(_, let other): "is missing beside \(other)"
    case .batchAxis(_, let actual):
      "has shape \(actual), expected a batch axis before that of one item"
    case .elementType(_, let expected, let actual):
      "holds \(actual) numbers, expected \(expected); convert it"
    case .notFinite(_, _, let index, let value):
      "is \(value) at \(index); every number must be finite"
        + (argument == "h" ? " (or +infinity for an absent bound)" : "")
    case .notSymmetric(_, _, let row, let column, let difference):
      "is not symmetric: [\(row), \(column)] and [\(column), \(row)] differ by \(difference)"
    case .notPositiveSemidefinite(_, _, let shift):
      "is not positive semidefinite: an eigenvalue lies below \(-shift), so the problem is not convex"
    case .cone(let reason), .tooLarge(let reason): reason
    }
  }
}

extension ProblemError: CustomStringConvertible {
  public var description: String {
    let place = item.map { "item \($0): " } ?? ""
    let name = argument.map { "\($0) " } ?? ""
    return place + name + reason
  }
}

/// A setting with a value that means nothing.
public struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
  public let setting: String
  public let reason: String

  public init(setting: String, reason: String) {
    self.setting = setting
    self.reason = reason
  }

  public var description: String { "\(setting) \(reason)" }
}
