import Argmin
import ProblemFiles

/// The exit status of the tool. Thrown where there is nothing more to say.
enum ExitStatus: Int32, Error {
  /// Everything was solved.
  case success = 0
  /// An item was not solved, or a derivative not confirmed or refused.
  case notSolved = 1
  /// A bad file or bad usage.
  case badInput = 2
  /// Something that is not supported.
  case unsupported = 3
}

/// Why the tool gives up: one line for standard error, and the exit status.
struct ToolFailure: Error {
  let status: ExitStatus
  let message: String

  init(_ status: ExitStatus, _ message: String) {
    self.status = status
    self.message = message.split(whereSeparator: \.isNewline).joined(separator: " ")
  }
}

// MARK: - From the errors of the library

extension ToolFailure {
  init(_ error: ProblemFileError) {
    self.init(error.kind == .unsupported ? .unsupported : .badInput, error.description)
  }

  /// An error about a problem of a file.
  ///
  /// - Parameters:
  ///   - error: what the library threw.
  ///   - file: the file that the problem is from.
  ///   - indices: for each item that the library was given, its index in the file.
  init(_ error: any Error, in file: ProblemFile, indices: [Int]) {
    func place(_ item: Int?) -> String {
      guard file.isBatch, let item, indices.indices.contains(item) else { return "" }
      return "problems[\(indices[item])]"
    }
    func line(_ parts: String...) -> String {
      ([file.name] + parts).filter { !$0.isEmpty }.joined(separator: ": ")
    }
    switch error {
    case let error as ProblemError:
      var key = place(error.item)
      let argument = error.argument == "cones" ? "cone" : error.argument
      if let argument { key += key.isEmpty ? argument : ".\(argument)" }
      if case .tooLarge = error {
        self.init(.unsupported, line(key, error.reason))
      } else {
        self.init(.badInput, line(key, error.reason))
      }
    case let error as SettingsError:
      self.init(.badInput, "\(Self.option(of: error.setting)) \(error.reason)")
    case DerivativeError.degenerate(let item, let certificate):
      self.init(.notSolved, line(place(item), "not differentiable: \(certificate.degeneracy)"))
    case DerivativeError.unsolved(let item, let status):
      self.init(.notSolved, line(place(item), "not solved, so no derivative: \(status.rawValue)"))
    case DerivativeError.invalidBarrier(let barrier):
      self.init(.badInput, "--barrier must be positive and finite, not \(barrier)")
    case let error as ProblemFileError: self.init(error)
    case let error as ToolFailure: self = error
    default: self.init(.badInput, line("\(error)"))
    }
  }

  /// The option of the tool that sets a setting of the library.
  private static func option(of setting: String) -> String {
    switch setting {
    case "relativeTolerance": "--tolerance"
    case "maximumIterations": "--max-iterations"
    case "timeLimit": "--time-limit"
    case "threads": "--threads"
    default: setting
    }
  }
}
