import ArgminExperiments
import ProblemFiles

/// What the check of a file found: a table for people, or JSON.
struct CheckReport {
  let file: ProblemFile
  /// In the order of the file.
  let results: [DerivativeCheckResult]

  /// Whether all problems were solved and no exact derivative was contradicted.
  var isConfirmed: Bool {
    results.allSatisfy { $0.status == .optimal && !$0.isContradicted }
  }

  /// In words, what the differences say about a derivative.
  private func verdict(_ result: DerivativeCheckResult) -> String {
    guard let certificate = result.certificate else { return "not solved" }
    let differs = result.data.contains { $0.isContradicted }
    if certificate.kind == .exact { return differs ? "CONTRADICTED" : "confirmed" }
    return differs ? "differs, as flagged" : "agrees"
  }

  // MARK: - For people

  var lines: [String] {
    let data = ["Q", "P", "p", "c", "G", "h", "A", "b"].filter { datum in
      results.contains { $0.data.contains { $0.datum == datum } }
    }
    var table = ResultTable(
      columns: [
        .init("problem"), .init("status", .left), .init("derivative", .left), .init("mode", .left),
      ] + data.map { .init($0) } + [.init("verdict", .left)])
    for (index, result) in results.enumerated() {
      let head = ["\(index)", result.status.rawValue, result.certificate?.kind.rawValue ?? "-"]
      func cells(_ error: KeyPath<DerivativeCheckResult.DatumResult, Double>) -> [String] {
        data.map { datum in
          guard let found = result.data.first(where: { $0.datum == datum }) else { return "" }
          return NumberText.error(found[keyPath: error])
        }
      }
      guard result.certificate != nil else {
        table.append(head + [""] + data.map { _ in "" } + [verdict(result)])
        continue
      }
      table.append(head + ["vjp"] + cells(\.reverseError) + [verdict(result)])
      table.append(["", "", "", "jvp"] + cells(\.forwardError) + [""])
    }
    return ["worst relative error of the derivatives against finite differences"]
      + (results.isEmpty ? [] : table.lines) + [summary]
  }

  private var summary: String {
    let checked = results.flatMap(\.data).reduce(0) { $0 + $1.checked }
    let entries = results.flatMap(\.data).reduce(0) { $0 + $1.entries }
    let amount = checked == entries ? "all \(entries) entries" : "\(checked) of \(entries) entries"
    let contradicted = results.count { $0.isContradicted }
    let unsolved = results.count { $0.status != .optimal }
    let flagged = results.count { $0.certificate.map { $0.kind != .exact } ?? false }
    var parts = [
      "\(NumberText.count(results.count, "problem")), \(amount) of the data moved",
      "\(results.count - contradicted - unsolved - flagged) confirmed",
    ]
    if flagged > 0 { parts.append("\(flagged) flagged as not exact") }
    if unsolved > 0 { parts.append("\(unsolved) not solved") }
    if contradicted > 0 { parts.append("\(contradicted) CONTRADICTED") }
    return parts.joined(separator: "; ")
  }

  // MARK: - As JSON

  func write(to json: inout JSONWriter) {
    guard file.isBatch else { return write(results[0], to: &json) }
    json.list { json in
      for result in results { write(result, to: &json) }
    }
  }

  private func write(_ result: DerivativeCheckResult, to json: inout JSONWriter) {
    json.object { json in
      json.write(result.status.rawValue, for: "status")
      json.write(result.certificate?.kind.rawValue, for: "kind")
      json.write(result.isContradicted, for: "contradicted")
      json.object(for: "data") { json in
        for datum in result.data {
          json.object(for: datum.datum, .inline) { json in
            json.write(datum.entries, for: "entries")
            json.write(datum.checked, for: "checked")
            json.write(datum.reverseError, for: "vjpError")
            json.write(datum.forwardError, for: "jvpError")
          }
        }
      }
    }
  }
}
