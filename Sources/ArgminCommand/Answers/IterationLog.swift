import Argmin
import Foundation
import ProblemFiles

/// The iterations of cone programs on standard error, a line for each.
struct IterationLog {
  /// Whether each line begins with the index of the problem in the file.
  let isBatch: Bool

  private static let columns = [
    "iteration", "primal objective", "dual objective", "gap", "primal", "dual", "mu", "step",
  ]
  private static let widths = [9, 18, 18, 10, 10, 10, 10, 10]

  /// Prints the head of the table, and returns what prints its lines.
  func callback(for group: ConeGroup) -> @Sendable (ConeProgramIteration) -> Bool {
    StandardError.write(Self.line(Self.columns, problem: isBatch ? "problem" : nil))
    let indices = group.indices
    let isBatch = isBatch
    return { iteration in
      let cells = [
        "\(iteration.iteration)", Self.number(iteration.primalObjective),
        Self.number(iteration.dualObjective), Self.size(iteration.residuals.gap),
        Self.size(iteration.residuals.primal), Self.size(iteration.residuals.dual),
        Self.size(iteration.barrier), Self.size(iteration.stepLength),
      ]
      StandardError.write(
        Self.line(cells, problem: isBatch ? "\(indices[iteration.item])" : nil))
      return true
    }
  }

  private static func line(_ cells: [String], problem: String?) -> String {
    var all = zip(cells, widths).map { padded($0, $1) }
    if let problem { all.insert(padded(problem, 7), at: 0) }
    return all.joined(separator: " ") + "\n"
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  private static func number(_ value: Double) -> String { String(format: "%.10e", value) }

  private static func size(_ value: Double) -> String { String(format: "%.2e", value) }
}
