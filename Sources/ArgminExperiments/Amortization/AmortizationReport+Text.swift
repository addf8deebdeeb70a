import Argmin
import Foundation

extension PredictedGain {
  /// What is shown while a network is being trained: what it may gain.
  var stage: String {
    String(
      format: "training; to halve %.1f iterations a start must be %.3g times closer",
      coldIterations, factor(saving: 0.5))
  }
}

extension AmortizationReport {
  /// The tables of the report, for people.
  package var lines: [String] {
    var lines = ["problem     \(problem)"]
    if let prediction {
      let parts = prediction.description.split(separator: "\n")
      lines += ["gain        \(parts[0])"] + parts.dropFirst().map { "            \($0)" }
    }
    for section in sections {
      lines.append("")
      lines += table(section).lines
    }
    lines += ["", String(format: "training    %.1f s, labels included", trainingSeconds)]
    return lines + breakEvenLines
  }

  private func table(_ section: Section) -> ResultTable {
    var table = ResultTable(
      title:
        "\(section.contexts): \(section.count) contexts; iterations to each tolerance in the mean "
        + "(and to the last at worst), milliseconds of an item",
      columns: [
        .init("start", .left), .init("suboptimality"), .init("95 %"), .init("violation"),
      ] + tolerances.map { .init("to \(Self.short($0))") } + [
        .init("worst")
      ] + tolerances.map { .init("ms to \(Self.short($0))") } + [
        .init("solved"), .init("given up"),
      ])
    for row in section.rows {
      let last = tolerances.count - 1
      table.append(
        [
          row.name, row.suboptimality.map { Self.short($0.mean) } ?? "",
          row.suboptimality.map { Self.short($0.high) } ?? "", Self.short(row.violation.mean),
        ] + row.iterations.map { String(format: "%.1f", $0.mean) } + [
          String(format: "%.0f", row.iterations[last].worst)
        ] + row.milliseconds.map(Self.short) + [
          String(format: "%.0f %%", 100 * row.solvedShare[last]),
          row.fallbackShare[last] > 0
            ? String(format: "%.0f %%", 100 * row.fallbackShare[last]) : "",
        ])
    }
    return table
  }

  private var breakEvenLines: [String] {
    breakEvens.map { entry in
      let head = "break-even  \(entry.name), to \(Self.short(entry.tolerance)): "
      guard let solves = entry.solves else {
        return head + "never, \(entry.comparedWith) is faster"
      }
      return head
        + "after \(solves) solves, each saves \(Self.short(entry.millisecondsSaved)) ms against "
        + entry.comparedWith
    }
  }

  private static func short(_ number: Double) -> String {
    number.isNaN ? "" : String(format: "%.3g", number)
  }

  /// The iterations of every start, a group of bars for each distribution of contexts.
  package func figure() -> Figure {
    let tolerance = tolerances.count - 1
    let names = sections.first?.rows.map(\.name) ?? []
    let bars = names.indices.map { index in
      "\(index == 0 ? "\"iterations.dat\"" : "\"\"") using \(index + 2) title \"\(names[index])\""
    }
    let labels = sections.enumerated().map { "\"\($1.contexts)\" \($0)" }
    return Figure(
      name: "iterations", size: (900, 440),
      commands: """
        set style data histogram
        set style histogram clustered gap 1
        set style fill solid 0.8 border -1
        set ylabel "iterations to \(Self.short(tolerances[tolerance]))"
        set xtics (\(labels.joined(separator: ", ")))
        set tics nomirror
        set border 3
        set key outside right
        set yrange [0:*]
        plot \(bars.joined(separator: ", "))
        """,
      data: [
        (
          "iterations.dat",
          sections.enumerated().map { index, section in
            [Double(index)] + section.rows.map { $0.iterations[tolerance].mean }
          }
        )
      ])
  }

  /// Writes report.json and the figure.
  func write(to folder: inout OutputFolder, notes: inout [String]) throws {
    try folder.write([UInt8](try json()), to: "report.json")
    if let note = try figure().write(to: &folder) { notes.append(note) }
  }
}
