import ConvexSolvers
import ProblemFiles
import Testing

/// The problem file that a text is.
func read(_ text: String, _ format: ProblemFileFormat = .json) throws -> ProblemFile {
  try ProblemFile(bytes: text.utf8, name: "test\(format.rawValue)", format: format)
}

/// The error that reading a text throws; nil, and a failed test, if it throws none.
func failure(
  _ text: String, _ format: ProblemFileFormat = .json,
  sourceLocation: SourceLocation = #_sourceLocation
) -> ProblemFileError? {
  #expect(throws: ProblemFileError.self, sourceLocation: sourceLocation) {
    try read(text, format)
  }
}

/// A text that is wrong, and what the error must say.
struct WrongText: Sendable, CustomTestStringConvertible {
  let text: String
  let line: Int?
  let key: String?
  let reason: String

  init(_ text: String, line: Int? = 1, _ key: String?, _ reason: String) {
    self.text = text
    self.line = line
    self.key = key
    self.reason = reason
  }

  var testDescription: String { "\(key ?? "-"): \(reason)" }
}

extension ProblemFile {
  /// The quadratic program with this index.
  func quadraticProgram(at index: Int = 0) throws -> QuadraticProgram {
    let (group, item) = location(of: index)
    guard case .quadratic(let programs) = groups[group] else {
      throw UnexpectedKind(description: "problem \(index) is a cone program")
    }
    return try programs.program(item)
  }

  /// The cone program with this index.
  func coneProgram(at index: Int = 0) throws -> ConeProgram {
    let (group, item) = location(of: index)
    return try coneGroup(group).batch[item]
  }

  /// The group with this index, of quadratic programs.
  func quadraticGroup(_ index: Int = 0) throws -> QuadraticGroup {
    guard case .quadratic(let group) = groups[index] else {
      throw UnexpectedKind(description: "group \(index) holds cone programs")
    }
    return group
  }

  /// The group with this index, of cone programs.
  func coneGroup(_ index: Int = 0) throws -> ConeGroup {
    guard case .cone(let group) = groups[index] else {
      throw UnexpectedKind(description: "group \(index) holds quadratic programs")
    }
    return group
  }
}

/// A problem of another kind than a test expects.
struct UnexpectedKind: Error, CustomStringConvertible {
  let description: String
}
