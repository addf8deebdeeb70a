import ArgminExperiments
import ArgumentParser

struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the experiments, one line each.")

  func run() {
    var table = ResultTable(columns: [.init("experiment", .left), .init("what it does", .left)])
    for experiment in Experiments.all { table.append([experiment.name, experiment.summary]) }
    StandardOutput.write(lines: Array(table.lines.dropFirst()))
  }
}
