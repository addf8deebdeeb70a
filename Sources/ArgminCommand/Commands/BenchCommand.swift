import ArgminExperiments
import ArgumentParser
import Foundation
import ProblemFiles

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Time solving and differentiating.",
    discussion: """
      Without --data: random problems of the built-in sizes, a fixed seed. Times are medians per \
      problem; forward includes the check of the data, backward is the gradient with respect to \
      all six data.

      tensors: training steps, derivatives and batched linear algebra of tensors instead. They take \
      all cores that the process may use.

      cone-programs: the batches of cone programs in the folder --data.

      modeling: building problems of the modelling language, and their layers forward and backward.

      amortization: a thousand training steps of amortized models.
      """)

  @Argument(
    help: """
      One of the built-in sizes, variables-inequalities-equalities, such as 50-50-10, or tensors, cone-programs, modeling, or amortization.
      """)
  var name: String?

  @Option(
    help: """
      Time every NAME.json in this folder that has NAME.upstream.json beside it; with --json also \
      return x and the gradients.
      """)
  var data: String?

  @Option(parsing: .unconditional, help: "Threads that share a batch; one per core if left out.")
  var threads: Int?

  @Option(
    help: "With tensors, modeling or amortization: only cells whose names match this shell pattern."
  )
  var cells: String?

  @Flag(help: "Print the timings as JSON.")
  var json = false

  mutating func validate() throws {
    if let threads, threads < 1 {
      throw ValidationError("--threads must be at least 1, not \(threads)")
    }
    if name == Self.conePrograms {
      guard data != nil else { throw ValidationError("cone-programs needs --data") }
      return
    }
    if data != nil, name != nil { throw ValidationError("NAME and --data exclude each other") }
    if name == Self.tensors {
      guard threads == nil else {
        throw ValidationError("--threads is not for tensors; start the tool on fewer cores")
      }
      guard !TensorBenchmark.matching(cells ?? "*").isEmpty else {
        throw ValidationError("no cell matches \"\(cells ?? "*")\"")
      }
      return
    }
    if name == Self.modeling {
      guard threads == nil else {
        throw ValidationError("--threads is not for modeling; start the tool on fewer cores")
      }
      guard !modelingCells.isEmpty else {
        throw ValidationError("no cell matches \"\(cells ?? "*")\"")
      }
      return
    }
    if name == Self.amortization {
      guard threads == nil else {
        throw ValidationError("--threads is not for amortization; start the tool on fewer cores")
      }
      guard !trainingTimings.isEmpty else {
        throw ValidationError("no cell matches \"\(cells ?? "*")\"")
      }
      return
    }
    if cells != nil {
      throw ValidationError("--cells goes with tensors, modeling and amortization only")
    }
    if let name, !BuiltInBenchmark.sizes.contains(where: { $0.name == name }) {
      let names = BuiltInBenchmark.sizes.map(\.name).joined(separator: ", ")
      throw ValidationError(
        "there is no timing \"\(name)\"; there are: \(names), \(Self.tensors), "
          + "\(Self.conePrograms), \(Self.modeling), \(Self.amortization)"
      )
    }
  }

  private static let tensors = "tensors"
  private static let conePrograms = "cone-programs"
  private static let modeling = "modeling"
  private static let amortization = "amortization"

  private var threadCount: Int { threads ?? ProcessInfo.processInfo.activeProcessorCount }

  func run() throws {
    if name == Self.conePrograms, let data {
      try runConePrograms(data)
    } else if let data {
      try runData(data)
    } else if name == Self.tensors {
      try runTensors()
    } else if name == Self.modeling {
      try runModeling()
    } else if name == Self.amortization {
      try runAmortization()
    } else {
      try runBuiltIn()
    }
  }

  private func printObject(_ body: (inout JSONWriter) -> Void) {
    var writer = JSONWriter(sink: StandardOutput.write)
    writer.object { body(&$0) }
    _ = writer.finish()
  }

  // MARK: - A folder

  private func runData(_ folder: String) throws {
    let benchmark = DataBenchmark(folder: folder, threads: threads)
    let names = try benchmark.names()
    let progress = ProgressLine("bench")
    defer { progress.end() }
    func forEach(_ body: (DataBenchmark.Result) -> Void) throws {
      for (index, name) in names.enumerated() {
        progress.show(Double(index) / Double(names.count), name)
        body(try benchmark.run(name))
      }
    }
    if json {
      var writer = JSONWriter(sink: StandardOutput.write)
      try writer.list { json in
        try forEach { $0.write(to: &json, threads: threadCount) }
      }
      _ = writer.finish()
      return
    }
    var table = ResultTable(
      title: title,
      columns: [.init("file", .left), .init("problems"), .init("forward"), .init("backward")])
    try forEach { result in
      table.append([
        result.file, "\(result.timing.solution.items)",
        NumberText.duration(result.timing.forwardMilliseconds / 1000),
        NumberText.duration(result.timing.backwardMilliseconds / 1000),
      ])
    }
    progress.end()
    StandardOutput.write(lines: table.lines)
  }

  private var title: String {
    "time per problem, \(NumberText.count(threadCount, "thread"))"
  }

  private func runConePrograms(_ folder: String) throws {
    let results = try ConeBatchBenchmark(folder: folder, threads: threads).results()
    if json {
      printObject { json in
        for result in results { result.write(to: &json) }
      }
      return
    }
    var table = ResultTable(
      title: "time of the whole batch, \(NumberText.count(threadCount, "thread"))",
      columns: [.init("batch", .left), .init("problems"), .init("forward"), .init("backward")])
    for result in results {
      table.append([
        result.name, "\(result.solution.items)",
        NumberText.duration(result.forwardSeconds.median),
        NumberText.duration(result.backwardSeconds.median),
      ])
    }
    StandardOutput.write(lines: table.lines)
  }

  // MARK: - Tensors

  private func runTensors() throws {
    let benchmarks = TensorBenchmark.matching(cells ?? "*")
    let progress = ProgressLine("bench")
    var results: [TensorBenchmark.Result] = []
    for (index, benchmark) in benchmarks.enumerated() {
      progress.show(Double(index) / Double(benchmarks.count), benchmark.name)
      results.append(try benchmark.run())
    }
    progress.end()
    if json {
      var writer = JSONWriter(sink: StandardOutput.write)
      writer.list { json in
        for result in results { result.write(to: &json, threads: availableCoreCount) }
      }
      _ = writer.finish()
      return
    }
    var table = ResultTable(
      title: "time per step, \(NumberText.count(availableCoreCount, "thread"))",
      columns: [.init("cell", .left), .init("time"), .init("check")])
    for result in results {
      table.append([
        result.cell, NumberText.duration(result.milliseconds / 1000), "\(result.check)",
      ])
    }
    StandardOutput.write(lines: table.lines)
  }

  // MARK: - Modelling language

  private var modelingCells: [ModelingBenchmark.Cell] {
    ModelingBenchmark.cells.filter { fnmatch(cells ?? "*", $0.name, 0) == 0 }
  }

  private func runModeling() throws {
    let cells = modelingCells
    let progress = ProgressLine("bench")
    var results: [ModelingBenchmark.Result] = []
    for (index, cell) in cells.enumerated() {
      progress.show(Double(index) / Double(cells.count), cell.name)
      results.append(try ModelingBenchmark.run(cell))
    }
    progress.end()
    if json {
      printObject { json in
        for result in results { result.write(to: &json) }
      }
      return
    }
    var table = ResultTable(
      title: "time of the whole batch, \(NumberText.count(availableCoreCount, "thread"))",
      columns: [.init("cell", .left), .init("build"), .init("forward"), .init("backward")])
    for result in results { table.append(result.row) }
    StandardOutput.write(lines: table.lines)
  }

  // MARK: - Amortized models

  private var trainingTimings: [TrainingTiming] {
    TrainingTiming.all.filter { fnmatch(cells ?? "*", $0.name, 0) == 0 }
  }

  private func runAmortization() throws {
    let progress = ProgressLine("bench")
    var results: [TrainingTiming.Result] = []
    for (index, timing) in trainingTimings.enumerated() {
      progress.show(Double(index) / Double(trainingTimings.count), timing.name)
      results.append(try timing.run())
    }
    progress.end()
    if json {
      printObject { json in
        for result in results {
          json.object(for: result.name, .inline) { json in
            json.write(result.seconds, for: "secondsPer1000Steps")
            json.write(result.loss, for: "loss")
          }
        }
      }
      return
    }
    var table = ResultTable(
      title: "a thousand training steps, \(NumberText.count(availableCoreCount, "thread"))",
      columns: [.init("model", .left), .init("time"), .init("loss")])
    for result in results {
      table.append([
        result.name, NumberText.duration(result.seconds.median),
        String(format: "%.4f", result.loss),
      ])
    }
    StandardOutput.write(lines: table.lines)
  }

  // MARK: - Built in

  private func runBuiltIn() throws {
    let sizes = BuiltInBenchmark.sizes.filter { name == nil || $0.name == name }
    let benchmarks = sizes.flatMap { size in
      BuiltInBenchmark.batches.flatMap { items in
        [false, true].map { sharesMatrices in
          BuiltInBenchmark(size: size, items: items, sharesMatrices: sharesMatrices)
        }
      }
    }.filter { $0.items > 1 || !$0.sharesMatrices }
    let progress = ProgressLine("bench")
    var timings: [(benchmark: BuiltInBenchmark, timing: BenchmarkTiming)] = []
    for (index, benchmark) in benchmarks.enumerated() {
      progress.show(Double(index) / Double(benchmarks.count), benchmark.size.name)
      timings.append((benchmark, try benchmark.run(threads: threads)))
    }
    progress.end()
    if json {
      var writer = JSONWriter(sink: StandardOutput.write)
      writer.list { json in
        for (benchmark, timing) in timings { write(benchmark, timing, to: &json) }
      }
      _ = writer.finish()
      return
    }
    var table = ResultTable(
      title: title,
      columns: [
        .init("variables"), .init("inequalities"), .init("equalities"), .init("batch"),
        .init("Q, G, A", .left), .init("forward"), .init("backward"),
      ])
    for (benchmark, timing) in timings {
      table.append([
        "\(benchmark.size.variables)", "\(benchmark.size.inequalities)",
        "\(benchmark.size.equalities)", "\(benchmark.items)",
        benchmark.sharesMatrices ? "shared" : "per item",
        NumberText.duration(timing.forwardMilliseconds / 1000),
        NumberText.duration(timing.backwardMilliseconds / 1000),
      ])
    }
    StandardOutput.write(lines: table.lines)
  }

  private func write(
    _ benchmark: BuiltInBenchmark, _ timing: BenchmarkTiming, to json: inout JSONWriter
  ) {
    json.object(.inline) { json in
      json.write(benchmark.size.name, for: "name")
      json.write(benchmark.size.variables, for: "variables")
      json.write(benchmark.size.inequalities, for: "inequalities")
      json.write(benchmark.size.equalities, for: "equalities")
      json.write(benchmark.items, for: "count")
      json.write(benchmark.sharesMatrices, for: "sharesMatrices")
      json.write(threadCount, for: "threads")
      json.write(timing.forwardMilliseconds, for: "forwardMilliseconds")
      json.write(timing.backwardMilliseconds, for: "backwardMilliseconds")
      json.write(timing.solution.status.count { $0 != .optimal }, for: "unsolved")
    }
  }
}
