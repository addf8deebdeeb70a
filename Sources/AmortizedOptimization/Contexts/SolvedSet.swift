import Autodiff
import DifferentiableOptimization
import Dispatch
import Foundation
import NeuralNetworks
import OptimizationCore

/// Contexts with the states of the exact solver: what models are trained and measured on.
///
/// ```swift
/// let solved = try SolvedSet(of: family, over: contexts, count: 2000, key: key)
/// let batches = solved.batches(of: 64, key: key)          // contexts with states as labels
/// ```
///
/// Items that were not solved are left out.
public struct SolvedSet<Map: SolutionMap>: Sendable {
  /// The contexts that have a solution.
  public let context: Map.Context
  /// The solver's state at each solution.
  public let state: Map.State
  /// The solver's residual of each.
  public let residuals: [Double]
  /// The iterations that each took from a cold start.
  public let iterations: [Int]
  /// Contexts that were not solved, and so left out.
  public let unsolvedCount: Int
  /// How long the solves took altogether.
  public let seconds: Double

  /// The number of contexts.
  public var count: Int { residuals.count }
  /// The mean number of iterations of a cold start.
  public var meanIterations: Double {
    iterations.isEmpty ? 0 : Double(iterations.reduce(0, +)) / Double(iterations.count)
  }

  /// Solves given contexts.
  public init(of map: Map, at context: Map.Context, limits: SolutionLimits = SolutionLimits())
    throws
  {
    let start = ContinuousClock.now
    let solved = try map.solve(context, from: nil, limits: limits)
    self.init(
      context, solved, seconds: (ContinuousClock.now - start) / .seconds(1))
  }

  private init(_ context: Map.Context, _ solved: SolvedBatch<Map.State>, seconds: Double) {
    let good = solved.statuses.indices.filter { solved.statuses[$0] == .optimal }
    self.init(
      context: context.items(good), state: solved.state.items(good),
      residuals: good.map { solved.residuals[$0] }, iterations: good.map { solved.iterations[$0] },
      unsolvedCount: solved.statuses.count - good.count, seconds: seconds)
  }

  fileprivate init(
    context: Map.Context, state: Map.State, residuals: [Double], iterations: [Int],
    unsolvedCount: Int, seconds: Double
  ) {
    self.context = context
    self.state = state
    self.residuals = residuals
    self.iterations = iterations
    self.unsolvedCount = unsolvedCount
    self.seconds = seconds
  }

  /// Draws contexts and solves them, in parts that are spread over the processor's cores.
  ///
  /// - Parameters:
  ///   - map: the solver.
  ///   - contexts: where the contexts come from; part i is drawn with the key folded with i.
  ///   - count: how many are drawn.
  ///   - partSize: how many are solved at once.
  ///   - folder: where the parts are written as they are finished; parts that are there already are read
  ///     instead of being solved. See `SolvedSetFolder` for the format.
  ///   - limits: when a solve stops; its progress counts all contexts.
  /// - Throws: what the solver throws, `TensorFileError`; `CancellationError` if the progress callback stops it.
  public init(
    of map: Map, over contexts: Contexts<Map.Context>, count: Int, key: RandomKey,
    partSize: Int = 256, folder: SolvedSetFolder? = nil, limits: SolutionLimits = SolutionLimits()
  ) throws {
    precondition(count >= 0 && partSize > 0, "SolvedSet: \(count) contexts in parts of \(partSize)")
    try folder?.prepare(count: count, partSize: partSize, contexts: contexts.name, key: key)
    let starts = Array(stride(from: 0, to: count, by: partSize))
    let collector = PartCollector<Map>(parts: starts.count)
    var inner = limits
    inner.progress = nil
    DispatchQueue.concurrentPerform(iterations: starts.count) { [inner] part in
      guard !collector.isStopped else { return }
      let size = min(partSize, count - starts[part])
      collector.finish(part) {
        let context = contexts.sample(size, key: key.folded(in: part))
        if let found = try folder?.read(part, context: context, of: map) { return found }
        let made = try SolvedSet(of: map, at: context, limits: inner)
        try folder?.write(made, part: part)
        return made
      }
      if let progress = limits.progress {
        collector.report { progress(SolveProgress(min($0 * partSize, count), of: count)) }
      }
    }
    let parts = try collector.results()
    guard let first = parts.first else {
      self = try SolvedSet(of: map, at: contexts.sample(0, key: key))
      return
    }
    self = parts.dropFirst().reduce(first) { $0.appending($1) }
  }

  private func appending(_ other: SolvedSet) -> SolvedSet {
    SolvedSet(
      context: context.appending(other.context), state: state.appending(other.state),
      residuals: residuals + other.residuals, iterations: iterations + other.iterations,
      unsolvedCount: unsolvedCount + other.unsolvedCount, seconds: seconds + other.seconds)
  }

  /// Some of the contexts, by their places.
  public func selecting(_ places: [Int]) -> SolvedSet {
    SolvedSet(
      context: context.items(places), state: state.items(places),
      residuals: places.map { residuals[$0] }, iterations: places.map { iterations[$0] },
      unsolvedCount: 0, seconds: seconds)
  }

  /// The first contexts and the others.
  public func split(at first: Int) -> (SolvedSet, SolvedSet) {
    let first = min(first, count)
    return (selecting(Array(0..<first)), selecting(Array(first..<count)))
  }

  /// Batches of contexts with their states as labels.
  public func batches(of size: Int, key: RandomKey) -> DataLoader<Pair<Map.Context, Map.State>> {
    DataLoader(Pair(context, state), batchSize: size, shuffledBy: key)
  }

  /// Batches of contexts with their solutions as labels.
  public func solutions(of map: Map, batchSize: Int, key: RandomKey)
    -> DataLoader<Pair<Map.Context, Map.Point>>
  {
    DataLoader(
      Pair(context, map.point(of: state, for: context)), batchSize: batchSize, shuffledBy: key)
  }
}

/// The parts of a set, collected from several threads.
private final class PartCollector<Map: SolutionMap>: @unchecked Sendable {
  private let lock = NSLock()
  private var parts: [SolvedSet<Map>?]
  private var finished = 0
  private var failure: (any Error)?

  init(parts count: Int) { parts = Array(repeating: nil, count: count) }

  var isStopped: Bool { lock.withLock { failure != nil } }

  func finish(_ part: Int, _ body: () throws -> SolvedSet<Map>) {
    do {
      let result = try body()
      lock.withLock {
        parts[part] = result
        finished += 1
      }
    } catch {
      lock.withLock { failure = failure ?? error }
    }
  }

  /// Tells how many parts are finished, one thread at a time; false stops.
  func report(_ progress: (Int) -> Bool) {
    lock.withLock {
      if failure == nil, !progress(finished) { failure = CancellationError() }
    }
  }

  func results() throws -> [SolvedSet<Map>] {
    if let failure { throw failure }
    return parts.map { $0! }
  }
}

/// A folder for a solved set that is made in several sittings:
///
///     manifest.json            {"format": 1, "problem": .., "contexts": .., "count": .., "partSize": .., "key": ..}
///     part-00000.safetensors   first.first.*, first.second.*, second.0, second.1; metadata: unsolved, seconds
///
/// `first.first.*` are the tensors of the contexts by their names, `first.second.*` those of the states, `second.0`
/// the residuals and `second.1` the iterations, each with the items of the part
/// that were solved.
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

  func write<Map: SolutionMap>(_ set: SolvedSet<Map>, part: Int) throws {
    let contents = Pair(
      Pair(set.context, set.state),
      [Tensor(set.residuals), Tensor(set.iterations.map(Double.init))])
    try contents.save(
      to: file(part),
      metadata: ["unsolved": "\(set.unsolvedCount)", "seconds": "\(set.seconds)"])
  }

  /// A part, nil if it is not there.
  func read<Map: SolutionMap>(
    _ part: Int, context: Map.Context, of map: Map
  ) throws -> SolvedSet<Map>? {
    let file = file(part)
    guard FileManager.default.fileExists(atPath: file.path) else { return nil }
    let stored = try SafeTensors(contentsOf: file)
    let items = stored.tensors["second.0"]?.count ?? 0
    // Structures of the right kind and size, whose numbers are then replaced.
    let places = Array(repeating: 0, count: items)
    let contextForm = context.batchCount > 0 ? context.items(places) : context
    let stateForm = try map.solve(
      contextForm, from: nil, limits: SolutionLimits(maximumIterations: 0)
    ).state
    var contents = Pair(
      Pair(contextForm, stateForm), [Tensor.zeros([items]), Tensor.zeros([items])])
    let metadata = try contents.load(from: file)
    return SolvedSet(
      context: contents.first.first, state: contents.first.second,
      residuals: contents.second[0].scalars, iterations: contents.second[1].scalars.map { Int($0) },
      unsolvedCount: metadata["unsolved"].flatMap { Int($0) } ?? 0,
      seconds: metadata["seconds"].flatMap(Double.init) ?? 0)
  }
}
