import OptimizationCore

/// A file that cannot be read as a problem: where, and what is wrong with it.
///
/// The description is one line, `file:line: key: what is wrong`, with the parts that are known.
public struct ProblemFileError: Error, Sendable, Equatable {
  /// What sort of failure it is; a tool tells its exit status from this.
  public enum Kind: Sendable, Equatable {
    /// The file could not be opened or read.
    case unreadable
    /// The name has none of the extensions that tell a format.
    case unknownFormat
    /// The text breaks the rules of its format.
    case malformed
    /// The text is well formed, but what it says is not a problem: shapes, asymmetry, ...
    case invalid
    /// The file is right, but asks for something that is not offered: integers, cones, too large.
    case unsupported
  }

  public let kind: Kind
  /// The name of the file, as the caller gave it.
  public let file: String
  /// The line, from 1, in the text (after decompression).
  public let line: Int?
  /// The key path in a JSON file, such as `problems[3].G`.
  public let key: String?
  /// What is wrong.
  public let reason: String

  public init(
    _ kind: Kind, file: String, line: Int? = nil, key: String? = nil, reason: String
  ) {
    self.kind = kind
    self.file = file
    self.line = line
    self.key = key
    self.reason = reason
  }
}

// MARK: - CustomStringConvertible

extension ProblemFileError: CustomStringConvertible {
  public var description: String {
    let place = line.map { "\(file):\($0)" } ?? file
    return oneLine([place, key, reason].compactMap { $0 }.joined(separator: ": "))
  }
}

/// The text with control characters and line separators escaped, so that it prints as one line.
func oneLine(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator, .format, .surrogate, .unassigned,
      .privateUse:
      result += scalar.escaped(asASCII: true)
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}

/// A name from a file for a message: quoted, and cut when it is long.
func quoted(_ name: String) -> String {
  let limit = 60
  guard name.count > limit else { return "\"\(name)\"" }
  return "\"\(name.prefix(limit))...\""
}
