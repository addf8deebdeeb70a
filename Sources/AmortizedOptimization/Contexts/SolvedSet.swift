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
  /// The residual to which the contexts were solved.
  public let tolerance: Double

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
      context, solved, seconds: (ContinuousClock.now - start) / .seconds(1),
      tolerance: limits.tolerance ?? map.defaultTolerance)
  }

  private init(
    _ context: Map.Context, _ solved: SolvedBatch<Map.State>, seconds: Double,
    tolerance: Double
  ) {
    let good = solved.statuses.indices.filter { solved.statuses[$0] == .optimal }
    self.init(
      context: context.items(good), state: solved.state.items(good),
      residuals: good.map { solved.residuals[$0] }, iterations: good.map { solved.iterations[$0] },
      unsolvedCount: solved.statuses.count - good.count, seconds: seconds,
      tolerance: tolerance)
  }

  init(
    context: Map.Context, state: Map.State, residuals: [Double], iterations: [Int],
    unsolvedCount: Int, seconds: Double, tolerance: Double
  ) {
    self.context = context
    self.state = state
    self.residuals = residuals
    self.iterations = iterations
    self.unsolvedCount = unsolvedCount
    self.seconds = seconds
    self.tolerance = tolerance
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
    let identity =
      try folder?.prepare(count: count, partSize: partSize, contexts: contexts.name, key: key) ?? ""
    let starts = Array(stride(from: 0, to: count, by: partSize))
    let collector = PartCollector<Map>(parts: starts.count)
    var inner = limits
    inner.progress = nil
    DispatchQueue.concurrentPerform(iterations: starts.count) { [inner] part in
      guard !collector.isStopped else { return }
      let size = min(partSize, count - starts[part])
      collector.finish(part) {
        let context = try contexts.draw(size, key: key.folded(in: part))
        if let found = try folder?.read(
          part, context: context, of: map, identity: identity,
          tolerance: inner.tolerance ?? map.defaultTolerance)
        {
          return found
        }
        let made = try SolvedSet(of: map, at: context, limits: inner)
        try folder?.write(made, part: part, identity: identity)
        return made
      }
      if let progress = limits.progress {
        collector.report { progress(SolveProgress(min($0 * partSize, count), of: count)) }
      }
    }
    let parts = try collector.results()
    guard let first = parts.first else {
      self = try SolvedSet(of: map, at: contexts.draw(0, key: key))
      return
    }
    self = parts.dropFirst().reduce(first) { $0.appending($1) }
  }

  private func appending(_ other: SolvedSet) -> SolvedSet {
    SolvedSet(
      context: context.appending(other.context), state: state.appending(other.state),
      residuals: residuals + other.residuals, iterations: iterations + other.iterations,
      unsolvedCount: unsolvedCount + other.unsolvedCount, seconds: seconds + other.seconds,
      tolerance: max(tolerance, other.tolerance))
  }

  /// Some of the contexts, by their places.
  public func selecting(_ places: [Int]) -> SolvedSet {
    SolvedSet(
      context: context.items(places), state: state.items(places),
      residuals: places.map { residuals[$0] }, iterations: places.map { iterations[$0] },
      unsolvedCount: 0, seconds: seconds, tolerance: tolerance)
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
