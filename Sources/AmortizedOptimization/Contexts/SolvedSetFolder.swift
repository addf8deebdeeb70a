import Autodiff
import DifferentiableOptimization
import Foundation
import NeuralNetworks

/// A folder for a solved set that is made in several sittings:
///
///     manifest.json            {"format": 1, "problem": .., "contexts": .., "count": .., "partSize": .., "key": ..}
///     part-00000.safetensors   context.*, state.*, residual, iterations; metadata: unsolved, seconds, set
///
/// Every part names the set that it belongs to, so that parts of different sets cannot mix, and the residuals of some
/// of its items are computed anew when it is read: labels of a problem that has changed are refused.
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

  /// The manifest in one line, which every part carries.
  private func identity(_ manifest: Manifest) -> String {
    "\(manifest.problem) | \(manifest.contexts) | \(manifest.count) in \(manifest.partSize) | "
      + manifest.key
  }

  /// Checks that the folder is that of the set, or makes it so, and returns what the parts carry.
  func prepare(count: Int, partSize: Int, contexts: String, key: RandomKey) throws -> String {
    let file = location.appendingPathComponent("manifest.json")
    let manifest = Manifest(
      problem: problem, contexts: contexts, count: count, partSize: partSize,
      key: "\(key.uniform([2]).scalars)")
    func check() throws -> Bool {
      guard FileManager.default.fileExists(atPath: file.path) else { return false }
      let data: Data
      do { data = try Data(contentsOf: file) } catch {
        throw TensorFileError.inaccessible(file: file.path, reason: error.localizedDescription)
      }
      guard let found = try? JSONDecoder().decode(Manifest.self, from: data) else {
        throw TensorFileError.malformed(file: file.path, reason: "is no manifest of format 1")
      }
      guard found == manifest else {
        throw TensorFileError.malformed(
          file: file.path,
          reason: "belongs to another set: \(found.count) contexts of \"\(found.contexts)\" for "
            + "\"\(found.problem)\"")
      }
      return true
    }
    if try check() { return identity(manifest) }
    do {
      try FileManager.default.createDirectory(at: location, withIntermediateDirectories: true)
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      // Of two processes the first one's manifest counts: a link is made whole or not at all.
      let beside = location.appendingPathComponent("manifest-\(UInt64.random(in: 0 ... .max)).json")
      try encoder.encode(manifest).write(to: beside)
      defer { try? FileManager.default.removeItem(at: beside) }
      if link(beside.path, file.path) != 0, errno != EEXIST {
        throw TensorFileError.inaccessible(
          file: file.path, reason: String(cString: strerror(errno)))
      }
    } catch let error as TensorFileError {
      throw error
    } catch {
      throw TensorFileError.inaccessible(file: file.path, reason: error.localizedDescription)
    }
    _ = try check()
    return identity(manifest)
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

  func write<Map: SolutionMap>(_ set: SolvedSet<Map>, part: Int, identity: String) throws {
    try Part<Map>(
      context: set.context, state: set.state, residual: Tensor(set.residuals),
      iterations: Tensor(set.iterations.map(Double.init))
    ).save(
      to: file(part),
      metadata: ["unsolved": "\(set.unsolvedCount)", "seconds": "\(set.seconds)", "set": identity])
  }

  /// A part, nil if it is not there.
  ///
  /// - Throws: `TensorFileError` if it belongs to another set, or if its states solve the problem no longer.
  func read<Map: SolutionMap>(
    _ part: Int, context: Map.Context, of map: Map, identity: String, tolerance: Double
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
    guard metadata["set"] == identity else {
      throw TensorFileError.malformed(
        file: file.path,
        reason: "belongs to another set: \(metadata["set"] ?? "unnamed"), not \(identity)")
    }
    let places = Array(stride(from: 0, to: items, by: max(1, items / 8)))
    let kept = contents.residual.scalars
    let now = map.residual(
      of: contents.state.items(places), for: contents.context.items(places)
    ).scalars
    for (place, residual) in zip(places, now)
    where !(residual <= max(10 * kept[place], 10 * tolerance, 1e-6)) {
      throw TensorFileError.malformed(
        file: file.path,
        reason: "state \(place) has the residual \(residual), but was solved to \(kept[place]): "
          + "the problem has changed since")
    }
    return SolvedSet(
      context: contents.context, state: contents.state, residuals: contents.residual.scalars,
      iterations: contents.iterations.scalars.map { Int($0) },
      unsolvedCount: metadata["unsolved"].flatMap { Int($0) } ?? 0,
      seconds: metadata["seconds"].flatMap(Double.init) ?? 0, tolerance: tolerance)
  }
}
