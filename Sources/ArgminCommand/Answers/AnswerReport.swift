import Argmin
import ArgminExperiments
import ProblemFiles

/// The answers as a person reads them: a short summary of one problem, a table for a batch.
struct AnswerReport {
  let file: ProblemFile
  /// Whether nothing is elided.
  let isVerbose: Bool

  private static let mostRows = 40

  func lines(_ answers: [Answer]) -> [String] {
    if !file.isBatch { return single(answers[0], name: file.name) }
    if isVerbose {
      return answers.enumerated().flatMap { index, answer in
        single(answer, name: "problems[\(index)]") + [""]
      } + summary(answers)
    }
    return table(answers) + summary(answers)
  }

  // MARK: - One problem

  private func single(_ answer: Answer, name: String) -> [String] {
    let residuals = answer.residuals
    var entries: [(String, String)] = [
      ("status", answer.status.rawValue),
      ("objective", objective(answer, digits: 12)),
      (
        "residuals",
        "primal \(NumberText.error(residuals.primal)), dual \(NumberText.error(residuals.dual)), "
          + "gap \(NumberText.error(residuals.gap))"
      ),
      (
        "method",
        "\(answer.method), \(NumberText.count(answer.iterations, "iteration")), "
          + NumberText.duration(answer.seconds)
      ),
    ]
    for part in answer.solution where !part.values.isEmpty {
      entries.append((part.name, list(part.values)))
    }
    if let ray = answer.ray { entries += self.ray(ray) }
    if let certificate = answer.certificate {
      entries += derivative(certificate, seconds: answer.vjpSeconds ?? answer.jvpSeconds)
    }
    if let gradient = answer.gradient { entries += self.gradient(gradient) }
    if let tangent = answer.tangent {
      for (index, part) in tangent.parts.enumerated() where !part.values.isEmpty {
        entries.append(((index == 0 ? "change of " : "of ") + part.name, list(part.values)))
      }
    }
    let width = entries.map(\.0.count).max() ?? 0
    let title = name + (file.model.map { $0.name.isEmpty ? "" : " (\($0.name))" } ?? "")
    return ["\(title): \(answer.size)"]
      + entries.map { label, text in
        label + String(repeating: " ", count: width - label.count + 2) + text
      }
  }

  private func objective(_ answer: Answer, digits: Int) -> String {
    NumberText.short(answer.objective, digits: digits)
      + (file.model?.objectiveSense == .maximize ? " (maximized)" : "")
  }

  private func list(_ values: Vector) -> String {
    NumberText.list(values, limit: isVerbose ? .max : 8)
  }

  private func ray(_ ray: Answer.Ray) -> [(String, String)] {
    let proof =
      ray.isPrimal
      ? "these multipliers combine the constraints to 0 ≤ -1:"
      : file.model?.objectiveSense == .maximize
        ? "the objective rises without end along this ray:"
        : "the objective falls without end along this ray:"
    return [("proof", proof)] + ray.parts.map { ("  \($0.name)", list($0.values)) }
  }

  private func derivative(
    _ certificate: DerivativeCertificate, seconds: Double?
  ) -> [(String, String)] {
    var quality: [String] = []
    if let residual = certificate.adjointResidual {
      quality.append("adjoint residual \(NumberText.error(residual))")
    }
    if let residual = certificate.forwardResidual {
      quality.append("forward residual \(NumberText.error(residual))")
    }
    if !certificate.errorEstimate.isNaN {
      quality.append("estimated relative error \(NumberText.error(certificate.errorEstimate))")
    }
    // Of an item without a derivative there is nothing to say.
    if let seconds, !quality.isEmpty { quality.append(NumberText.duration(seconds)) }
    let first = [("derivative", certificate.explanation)]
    return quality.isEmpty ? first : first + [("", quality.joined(separator: ", "))]
  }

  /// Vectors as they are; of a matrix its shape and its largest entry, or all of it if verbose. What
  /// belongs to no constraint at all is left out.
  private func gradient(_ gradient: DataGradient) -> [(String, String)] {
    var lines: [(String, String)] = []
    for part in gradient.data {
      let label = (lines.isEmpty ? "gradient of " : "of ") + part.name
      switch part.value {
      case .vector(let vector), .entries(let vector):
        if !vector.isEmpty { lines.append((label, list(vector))) }
      case .matrix(let matrix): if matrix.rows > 0 { lines += self.matrix(label, matrix) }
      case .sparse(let matrix):
        if !matrix.values.isEmpty { lines.append((label, list(matrix.values))) }
      }
    }
    return lines
  }

  private func matrix(_ label: String, _ matrix: Matrix) -> [(String, String)] {
    if isVerbose || matrix.rows * matrix.columns <= 16 {
      return (0..<matrix.rows).map { row in
        (row == 0 ? label : "", NumberText.list(matrix.row(row), limit: .max))
      }
    }
    var largest = (row: 0, column: 0)
    for row in 0..<matrix.rows {
      for column in 0..<matrix.columns
      where abs(matrix[row, column]) > abs(matrix[largest.row, largest.column]) {
        largest = (row, column)
      }
    }
    let value = NumberText.short(matrix[largest.row, largest.column])
    return [
      (
        label,
        "\(matrix.rows) x \(matrix.columns), largest \(value) at [\(largest.row), \(largest.column)]"
      )
    ]
  }

  // MARK: - A batch

  private func table(_ answers: [Answer]) -> [String] {
    let isDifferentiated = answers.contains { $0.certificate != nil }
    var table = ResultTable(
      columns: [
        .init("problem"), .init("status", .left), .init("objective"), .init("primal"),
        .init("dual"), .init("gap"), .init("method", .left), .init("iterations"), .init("time"),
      ] + (isDifferentiated ? [.init("derivative", .left), .init("error")] : []))
    for (index, answer) in answers.prefix(Self.mostRows).enumerated() {
      var cells = [
        "\(index)", answer.status.rawValue, NumberText.short(answer.objective, digits: 8),
        NumberText.error(answer.residuals.primal), NumberText.error(answer.residuals.dual),
        NumberText.error(answer.residuals.gap), answer.method,
        "\(answer.iterations)", NumberText.duration(answer.seconds),
      ]
      if isDifferentiated {
        cells.append(answer.certificate?.kind.rawValue ?? "")
        cells.append(answer.certificate.map { NumberText.error($0.errorEstimate) } ?? "")
      }
      table.append(cells)
    }
    let rest = answers.count - Self.mostRows
    return (answers.isEmpty ? [] : table.lines)
      + (rest > 0 ? ["… and \(rest) more (--verbose)"] : [])
  }

  private func summary(_ answers: [Answer]) -> [String] {
    var counts: [String] = []
    for status in SolveStatus.allCases {
      let count = answers.count { $0.status == status }
      if count > 0 { counts.append("\(count) \(status.rawValue)") }
    }
    return [
      ([NumberText.count(answers.count, "problem")] + counts).joined(separator: ", ")
    ]
  }
}
