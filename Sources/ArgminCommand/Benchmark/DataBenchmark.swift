import Argmin
import Foundation
import ProblemFiles

/// Times the problems of a folder: each `NAME.json` that has upstream gradients beside it in
/// `NAME.upstream.json`, so that other solvers can be timed on the very same data.
struct DataBenchmark {
  let folder: String
  let threads: Int?

  /// What was found for one file.
  struct Result {
    let file: String
    let timing: BenchmarkTiming
  }

  /// The names of the problem files with upstream gradients, in alphabetical order.
  func names() throws(ToolFailure) -> [String] {
    guard let entries = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      throw ToolFailure(.badInput, "\(folder): the folder cannot be read")
    }
    let upstreamSuffix = ".upstream.json"
    let upstream = Set(
      entries.filter { $0.hasSuffix(upstreamSuffix) }.map { $0.dropLast(upstreamSuffix.count) })
    let names = entries.filter {
      $0.hasSuffix(".json") && !$0.hasSuffix(upstreamSuffix) && upstream.contains($0.dropLast(5))
    }
    guard !names.isEmpty else {
      throw ToolFailure(
        .badInput, "\(folder): there is no NAME.json with NAME.upstream.json beside it")
    }
    return names.sorted()
  }

  func run(_ name: String) throws -> Result {
    let path = "\(folder)/\(name)"
    let file = try ProblemFile(path: path)
    let upstream = try UpstreamFile(path: String(path.dropLast(5)) + ".upstream.json", for: file)
    guard file.groups.count == 1, case .quadratic(let group) = file.groups[0] else {
      throw ToolFailure(
        .badInput,
        "\(path): a batch to be timed must have quadratic programs of one shape, and not be empty")
    }
    let towardsX =
      upstream.batched(for: group).x ?? BatchedVector(shared: .zeros(group.batch.variables))
    do {
      return Result(
        file: name,
        timing: try BenchmarkTiming(
          group.batch, isLinear: group.isLinear, upstream: towardsX, threads: threads))
    } catch {
      throw ToolFailure(error, in: file, indices: group.indices)
    }
  }
}

// MARK: - JSON

extension DataBenchmark.Result {
  func write(to json: inout JSONWriter, threads: Int) {
    let solution = timing.solution
    let gradient = timing.gradient
    json.object { json in
      json.write(file, for: "file")
      json.write(solution.items, for: "count")
      json.write(threads, for: "threads")
      json.write(timing.forwardMilliseconds, for: "forwardMilliseconds")
      json.write(timing.backwardMilliseconds, for: "backwardMilliseconds")
      json.write(solution.x, for: "x")
      json.object(for: "gradient") { json in
        json.write(gradient.Q, for: "Q")
        json.write(gradient.p, for: "p")
        json.write(gradient.G, for: "G")
        json.write(gradient.h, for: "h")
        json.write(gradient.A, for: "A")
        json.write(gradient.b, for: "b")
      }
      json.write(solution.status.map(\.rawValue), for: "statuses")
    }
  }
}

extension JSONWriter {
  /// A list with a vector for each item, or the shared vector.
  fileprivate mutating func write(_ vectors: BatchedVector, for key: String) {
    guard let items = vectors.items else { return write(vectors[0], for: key) }
    list(for: key) { json in
      for item in 0..<items { json.write(vectors[item]) }
    }
  }

  /// A list with a matrix for each item, or the shared matrix.
  fileprivate mutating func write(_ matrices: BatchedMatrix, for key: String) {
    guard let items = matrices.items else { return write(matrices[0], for: key) }
    list(for: key) { json in
      for item in 0..<items { json.write(matrices[item]) }
    }
  }
}
