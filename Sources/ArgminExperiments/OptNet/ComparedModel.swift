import Foundation
import ProblemFiles

/// A model of a comparison, and how well it does on what it was trained on and on other data.
struct ComparedModel {
  let name: String
  let parameters: Int
  let trainingError: Double
  let testError: Double
  let seconds: Double

  /// The lines of a table.
  ///
  /// - Parameters:
  ///   - errors: what the errors are called: "wrong" for "wrong in training" and "wrong in test".
  ///   - format: the text of an error.
  static func lines(
    _ models: [ComparedModel], errors: String, format: (Double) -> String
  ) -> [String] {
    var table = ResultTable(columns: [
      .init("model", .left), .init("parameters"), .init("\(errors) in training"),
      .init("\(errors) in test"), .init("seconds"),
    ])
    for model in models {
      table.append([
        model.name, "\(model.parameters)", format(model.trainingError), format(model.testError),
        String(format: "%.1f", model.seconds),
      ])
    }
    return table.lines
  }

  /// Writes the members of a JSON object.
  func write(to json: inout JSONWriter) {
    json.write(name, for: "name")
    json.write(parameters, for: "parameters")
    json.write(trainingError, for: "trainingError")
    json.write(testError, for: "testError")
    json.write(seconds, for: "seconds")
  }
}
