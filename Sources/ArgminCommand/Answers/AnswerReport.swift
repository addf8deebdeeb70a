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
    let solution = answer.solution
    let size = [
      NumberText.count(solution.x.count, "variable"),
      NumberText.count(solution.lambda.count, "inequality", plural: "inequalities"),
      NumberText.count(solution.nu.count, "equality", plural: "equalities"),
    ].joined(separator: ", ")
    let residuals = solution.residuals
    var entries: [(String, String)] = [
      ("status", solution.status.rawValue),
      ("objective", objective(answer, digits: 12)),
      (
        "residuals",
        "primal \(NumberText.error(residuals.primal)), dual \(NumberText.error(residuals.dual)), "
          + "gap \(NumberText.error(residuals.gap))"
      ),
      (
        "method",
        "\(solution.method.rawValue), \(NumberText.count(solution.iterations, "iteration")), "
          + NumberText.duration(solution.seconds)
      ),
      ("x", list(solution.x)),
    ]
    if !solution.lambda.isEmpty { entries.append(("lambda", list(solution.lambda))) }
    if !solution.nu.isEmpty { entries.append(("nu", list(solution.nu))) }
    if let ray = solution.ray { entries += self.ray(ray) }
    if let certificate = answer.certificate { entries += derivative(certificate) }
    if let gradient = answer.gradient { entries += self.gradient(gradient) }
    if let tangent = answer.tangent {
      entries.append(("change of x", list(tangent.x)))
      if !tangent.lambda.isEmpty { entries.append(("of lambda", list(tangent.lambda))) }
      if !tangent.nu.isEmpty { entries.append(("of nu", list(tangent.nu))) }
    }
    let width = entries.map(\.0.count).max() ?? 0
    let title = name + (file.model.map { $0.name.isEmpty ? "" : " (\($0.name))" } ?? "")
    return ["\(title): \(size)"]
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

  private func ray(_ ray: QuadraticProgramRay) -> [(String, String)] {
    switch ray {
    case .primalInfeasible(let lambda, let nu):
      [
        ("proof", "these multipliers combine the constraints to 0 ≤ -1:"),
        ("  lambda", list(lambda)),
        ("  nu", list(nu)),
      ]
    case .dualInfeasible(let x):
      [("proof", "the objective falls without end along this ray:"), ("  x", list(x))]
    }
  }

  private func derivative(_ certificate: DerivativeCertificate) -> [(String, String)] {
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
    let first = [("derivative", certificate.explanation)]
    return quality.isEmpty ? first : first + [("", quality.joined(separator: ", "))]
  }

  /// Vectors as they are; of a matrix its shape and its largest entry, or all of it if verbose.
  private func gradient(_ gradient: DataGradient) -> [(String, String)] {
    matrix("gradient of Q", gradient.Q)
      + [("of p", list(gradient.p))]
      + (gradient.h.isEmpty ? [] : matrix("of G", gradient.G) + [("of h", list(gradient.h))])
      + (gradient.b.isEmpty ? [] : matrix("of A", gradient.A) + [("of b", list(gradient.b))])
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
      let solution = answer.solution
      var cells = [
        "\(index)", solution.status.rawValue, NumberText.short(answer.objective, digits: 8),
        NumberText.error(solution.residuals.primal), NumberText.error(solution.residuals.dual),
        NumberText.error(solution.residuals.gap), solution.method.rawValue,
        "\(solution.iterations)", NumberText.duration(solution.seconds),
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
      let count = answers.count { $0.solution.status == status }
      if count > 0 { counts.append("\(count) \(status.rawValue)") }
    }
    return [
      ([NumberText.count(answers.count, "problem")] + counts).joined(separator: ", ")
    ]
  }
}
