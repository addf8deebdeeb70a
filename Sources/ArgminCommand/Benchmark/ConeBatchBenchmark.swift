import Argmin
import Foundation
import ProblemFiles

/// Times the batches of cone programs in a folder, forward and backward: each `NAME.json` that has
/// upstream gradients beside it in `NAME.upstream.json`.
struct ConeBatchBenchmark {
  let folder: String
  let threads: Int?

  /// Seconds of each repetition for the whole batch, and what was found.
  struct Result {
    let name: String
    let forwardSeconds: [Double]
    let backwardSeconds: [Double]
    let solution: ConeProgramBatchSolution
    let gradient: ConeProgramBatchGradient
    let orderOfA: EntryOrder
  }

  func results() throws -> [Result] {
    try DataBenchmark(folder: folder, threads: threads).names().map(run)
  }

  /// Forward begins with all data anew; the analysis of the pattern was made before, as in a training loop.
  private func run(_ name: String) throws -> Result {
    let path = "\(folder)/\(name)"
    let file = try ProblemFile(path: path)
    let upstream = try UpstreamFile(path: String(path.dropLast(5)) + ".upstream.json", for: file)
    guard file.groups.count == 1, case .cone(let group) = file.groups[0] else {
      throw ToolFailure(
        .badInput, "\(path): a batch to be timed must have cone programs of one shape and pattern")
    }
    let batch = group.batch
    let towardsX = upstream.batched(for: group).x ?? BatchedVector(shared: .zeros(batch.variables))
    var settings = ConeProgramSettings()
    settings.threads = threads
    var forwardSeconds: [Double] = []
    var backwardSeconds: [Double] = []
    let clock = ContinuousClock()
    func solve() throws -> ConeProgramBatchSolution {
      try batch.updating(
        items: batch.items, P: batch.P?.values, c: batch.c, A: batch.A.values, b: batch.b
      ).solve(settings: settings)
    }
    var solution = try solve()
    var gradient = try solution.vjp(x: towardsX, threads: threads)
    for _ in 0..<7 {
      forwardSeconds.append(try clock.measure { solution = try solve() } / .seconds(1))
      backwardSeconds.append(
        try clock.measure { gradient = try solution.vjp(x: towardsX, threads: threads) }
          / .seconds(1))
    }
    return Result(
      name: String(name.dropLast(5)), forwardSeconds: forwardSeconds,
      backwardSeconds: backwardSeconds, solution: solution, gradient: gradient,
      orderOfA: group.orderOfA)
  }
}

extension ConeBatchBenchmark.Result {
  func write(to json: inout JSONWriter) {
    json.object(for: name) { json in
      json.write(forwardSeconds, for: "forwardSeconds")
      json.write(backwardSeconds, for: "backwardSeconds")
      json.list(for: "x") { json in
        for item in 0..<solution.items { json.write(solution.x[item]) }
      }
      json.list(for: "gradients") { json in
        for item in 0..<solution.items {
          json.object { json in
            json.write(gradient.c[item], for: "c")
            json.write(orderOfA.listing(gradient.A[item].values), for: "A")
            json.write(gradient.b[item], for: "b")
          }
        }
      }
    }
  }
}
