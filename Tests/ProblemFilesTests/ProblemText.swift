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
