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
        + "(and to the last at worst), milliseconds of an item (median of \(repetitions))",
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
        ] + row.milliseconds.map { Self.short($0.median) } + [
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
      let saved = entry.millisecondsSaved
      let range = "(\(Self.short(saved.least)) to \(Self.short(saved.largest)))"
      if entry.isWithinNoise {
        return head
          + "within noise, a solve saves \(Self.short(saved.median)) ms \(range) against "
          + entry.comparedWith
      }
      guard let solves = entry.solves, let fewest = entry.fewestSolves, let most = entry.mostSolves
      else { return head + "never, \(entry.comparedWith) is faster" }
      return head
        + "after \(solves) solves (\(fewest) to \(most)), each saves \(Self.short(saved.median)) ms "
        + "\(range) against \(entry.comparedWith)"
    }
  }

  private static func short(_ number: Double) -> String {
    number.isNaN ? "" : String(format: "%.3g", number)
  }

  /// Mean and worst iterations and the time of every start to the last tolerance, a group of bars for each
  /// distribution of contexts.
  package func figure() -> Figure {
    let tolerance = tolerances.count - 1
    let names = sections.first?.rows.map(\.name) ?? []
    let labels = sections.enumerated().map { "\"\($1.contexts)\" \($0)" }
    let panels: [(file: String, label: String, number: (Row) -> Double)] = [
      ("iterations.dat", "iterations, mean", { $0.iterations[tolerance].mean }),
      ("worst.dat", "iterations, worst", { $0.iterations[tolerance].worst }),
      ("milliseconds.dat", "ms of an item", { $0.milliseconds[tolerance].median }),
    ]
    let plots = panels.enumerated().map { place, panel in
      let bars = names.indices.map { index in
        "\(index == 0 ? "\"\(panel.file)\"" : "\"\"") using \(index + 2) "
          + (place == 0 ? "title \"\(names[index])\"" : "notitle")
      }
      return "set ylabel \"\(panel.label)\"\nplot \(bars.joined(separator: ", "))"
    }
    return Figure(
      name: "iterations", size: (980, 760),
      commands: """
        set multiplot layout \(panels.count),1 title "\(problem): solves to \(Self.short(tolerances[tolerance]))"
        set style data histogram
        set style histogram clustered gap 1
        set style fill solid 0.8 border -1
        set xtics (\(labels.joined(separator: ", ")))
        set xrange [-0.5:\(Double(sections.count) - 0.5)]
        set tics nomirror
        set border 3
        set lmargin 10
        set rmargin at screen 0.72
        set key at screen 0.99,0.92 right top
        set yrange [0:*]
        \(plots.joined(separator: "\n"))
        unset multiplot
        """,
      data: panels.map { panel in
        (
          panel.file,
          sections.enumerated().map { index, section in
            [Double(index)] + section.rows.map(panel.number)
          }
        )
      })
  }

  /// Writes report.json and the figure.
  func write(to folder: inout OutputFolder, notes: inout [String]) throws {
    try folder.write([UInt8](try json()), to: "report.json")
    if let note = try figure().write(to: &folder) { notes.append(note) }
  }
}
