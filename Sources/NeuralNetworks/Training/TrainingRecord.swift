import Foundation

/// One row of the log of a training.
public struct TrainingRecord: Sendable, Hashable, Codable {
  /// The epoch, counted from 1.
  public var epoch: Int
  /// Steps made so far.
  public var step: Int
  /// The mean loss of the steps since the last record.
  public var loss: Double
  /// The loss on data held out, where there are.
  public var validationLoss: Double?
  /// The learning rate of the last step.
  public var learningRate: Double
  /// The norm of the last gradient before clipping.
  public var gradientNorm: Double
  /// Time since the start.
  public var seconds: Double

  /// The columns of `csvRow`.
  public static let csvHeader =
    "epoch,step,loss,validationLoss,learningRate,gradientNorm,seconds"

  /// Comma-separated values; empty for what is nil.
  public var csvRow: String {
    let optional: (Double?) -> String = { $0.map { "\($0)" } ?? "" }
    return "\(epoch),\(step),\(loss),\(optional(validationLoss)),\(learningRate),"
      + "\(gradientNorm),\(seconds)"
  }

  /// One JSON object on one line; a number that is not finite is null, what is nil is left out.
  public var jsonLine: String {
    var fields = ["\"epoch\":\(epoch)", "\"step\":\(step)"]
    func add(_ name: String, _ value: Double?) {
      if let value { fields.append("\"\(name)\":\(value.isFinite ? "\(value)" : "null")") }
    }
    add("loss", loss)
    add("validationLoss", validationLoss)
    add("learningRate", learningRate)
    add("gradientNorm", gradientNorm)
    add("seconds", seconds)
    return "{" + fields.joined(separator: ",") + "}"
  }
}

/// A file to which every record of a training is appended as it comes, so that a long run can be watched.
public struct TrainingLog: Sendable {
  /// The forms of a log.
  public enum Format: Sendable, Hashable {
    /// Comma-separated values with a header.
    case csv
    /// One JSON object per line.
    case jsonLines
  }

  public let url: URL
  public let format: Format

  /// - Parameter format: nil takes CSV for names that end in `.csv`, else JSON lines.
  public init(_ url: URL, format: Format? = nil) {
    self.url = url
    self.format = format ?? (url.pathExtension.lowercased() == "csv" ? .csv : .jsonLines)
  }

  /// Begins an empty file. Throws what the file system says.
  func begin() throws {
    try Data((format == .csv ? TrainingRecord.csvHeader + "\n" : "").utf8).write(to: url)
  }

  /// Adds one row.
  func append(_ record: TrainingRecord) throws {
    let row = format == .csv ? record.csvRow : record.jsonLine
    let file = try FileHandle(forWritingTo: url)
    defer { try? file.close() }
    try file.seekToEnd()
    try file.write(contentsOf: Data((row + "\n").utf8))
  }
}
