import Autodiff
import DifferentiableOptimization
import Foundation
import NeuralNetworks

/// A folder for a solved set that is made in several sittings:
///
///     manifest.json            {"format": 1, "problem": .., "contexts": .., "count": .., "partSize": .., "key": ..}
///     part-00000.safetensors   context.*, state.*, residual, iterations; metadata: unsolved, seconds
///
/// `context.*` and `state.*` are the tensors of the structures by their names, each with the items of the part
/// that were solved; `residual` and `iterations` are vectors.
public struct SolvedSetFolder: Sendable {
  public let location: URL
  /// What is solved; a folder of another problem is refused.
  public let problem: String

  public init(_ location: URL, problem: String) {
    self.location = location
    self.problem = problem
  }

  private struct Manifest: Codable, Equatable {
    var format = 1
    let problem: String
    let contexts: String
    let count: Int
    let partSize: Int
    let key: String
  }

  func prepare(count: Int, partSize: Int, contexts: String, key: RandomKey) throws {
    let file = location.appendingPathComponent("manifest.json")
    let manifest = Manifest(
      problem: problem, contexts: contexts, count: count, partSize: partSize,
      key: "\(key.uniform([2]).scalars)")
    if let data = try? Data(contentsOf: file) {
      guard let found = try? JSONDecoder().decode(Manifest.self, from: data) else {
        throw TensorFileError.malformed(file: file.path, reason: "is no manifest of format 1")
      }
      guard found == manifest else {
        throw TensorFileError.malformed(
          file: file.path,
          reason: "belongs to another set: \(found.count) contexts of \"\(found.contexts)\" for "
            + "\"\(found.problem)\"")
      }
      return
    }
    do {
      try FileManager.default.createDirectory(at: location, withIntermediateDirectories: true)
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      try encoder.encode(manifest).write(to: file, options: .atomic)
    } catch {
      throw TensorFileError.inaccessible(file: file.path, reason: error.localizedDescription)
    }
  }

  private func file(_ part: Int) -> URL {
    let digits = String(part)
    let padding = String(repeating: "0", count: max(0, 5 - digits.count))
    return location.appendingPathComponent("part-\(padding)\(digits).safetensors")
  }

  /// What a part's file holds.
  private struct Part<Map: SolutionMap>: TensorStructure {
    var context: Map.Context
    var state: Map.State
    var residual: Tensor
    var iterations: Tensor

    mutating func visitTensors(_ visit: inout TensorVisitor) {
      visit("context", &context)
      visit("state", &state)
      visit("residual", &residual)
      visit("iterations", &iterations)
    }
  }

  func write<Map: SolutionMap>(_ set: SolvedSet<Map>, part: Int) throws {
    try Part<Map>(
      context: set.context, state: set.state, residual: Tensor(set.residuals),
      iterations: Tensor(set.iterations.map(Double.init))
    ).save(
      to: file(part),
      metadata: ["unsolved": "\(set.unsolvedCount)", "seconds": "\(set.seconds)"])
  }

  /// A part, nil if it is not there.
  func read<Map: SolutionMap>(
    _ part: Int, context: Map.Context, of map: Map
  ) throws -> SolvedSet<Map>? {
    let file = file(part)
    guard FileManager.default.fileExists(atPath: file.path) else { return nil }
    let items = try SafeTensors(contentsOf: file).tensors["residual"]?.count ?? 0
    // Structures of the right kind and size, whose numbers are then replaced.
    let context =
      context.batchCount > 0 ? context.items(Array(repeating: 0, count: items)) : context
    let state = try map.solve(context, from: nil, limits: SolutionLimits(maximumIterations: 0))
      .state
    var contents = Part<Map>(
      context: context, state: state, residual: .zeros([items]), iterations: .zeros([items]))
    let metadata = try contents.load(from: file)
    return SolvedSet(
      context: contents.context, state: contents.state, residuals: contents.residual.scalars,
      iterations: contents.iterations.scalars.map { Int($0) },
      unsolvedCount: metadata["unsolved"].flatMap { Int($0) } ?? 0,
      seconds: metadata["seconds"].flatMap(Double.init) ?? 0)
  }
}
