import ArgminExperiments
import ArgumentParser
import Foundation

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run an experiment: a table, figures and results.json.",
    discussion: "`argmin list` names the experiments. Figures are drawn by gnuplot.")

  @Argument(help: "The experiment.")
  var experiment: String

  @Option(help: "The folder for results.json and figures (default: output/EXPERIMENT).")
  var output: String?

  @Option(parsing: .unconditional, help: "Where the random choices start.")
  var seed: UInt64 = 0

  func run() throws {
    guard let experiment = Experiments.named(experiment) else {
      let names = Experiments.all.map(\.name).joined(separator: ", ")
      throw ToolFailure(.badInput, "there is no experiment \"\(experiment)\"; there are: \(names)")
    }
    let folder = URL(
      fileURLWithPath: output ?? "output/\(experiment.name)", isDirectory: true)
    try refuseFolder(of: experiment.name, folder)
    let progress = ProgressLine(experiment.name)
    let start = ContinuousClock.now
    let results: ExperimentResults
    do {
      results = try experiment.run(output: folder, seed: seed) { progress.show($0, $1) }
    } catch {
      progress.end()
      throw ToolFailure(.badInput, "\(experiment.name): \(error)")
    }
    progress.end()
    StandardOutput.write(
      lines: results.lines + results.notes + [
        "written to \(folder.relativePath): \(results.files.joined(separator: ", "))",
        "took \(NumberText.duration((ContinuousClock.now - start) / .seconds(1)))",
      ])
  }

  /// Refuses a folder with the results of another experiment, whose figures would stay beside the new ones.
  private func refuseFolder(of name: String, _ folder: URL) throws {
    struct Results: Decodable { let experiment: String }
    let file = folder.appendingPathComponent("results.json")
    guard let data = FileManager.default.contents(atPath: file.path),
      let results = try? JSONDecoder().decode(Results.self, from: data), results.experiment != name
    else { return }
    throw ToolFailure(
      .badInput,
      "\(folder.relativePath): holds results of \"\(results.experiment)\"; must be another folder")
  }
}
