import Autodiff
import DifferentiableOptimization
import NeuralNetworks
import OptimizationCore

/// A distribution of contexts, from which batches are drawn.
///
/// ```swift
/// let targets = Contexts("normal targets") { count, key in key.normal([count, 3]) }
/// let far = targets.shifted("far targets") { $0 + 5 }
/// let pairs = Contexts.pairs(of: images, named: "pairs of digits")
/// ```
public struct Contexts<Context: TensorStructure>: Sendable {
  /// What it is called in reports.
  public let name: String
  private let generator: @Sendable (_ count: Int, _ key: RandomKey) -> Context

  /// A generator of batches of the given size.
  public init(
    _ name: String, _ draw: @escaping @Sendable (_ count: Int, _ key: RandomKey) -> Context
  ) {
    self.name = name
    generator = draw
  }

  /// The rows of a finite set, drawn with replacement; the first axis of every tensor counts them.
  public init(rows: Context, named name: String) {
    let count = rows.batchCount
    precondition(count > 0, "Contexts: no rows")
    self.init(name) { wanted, key in rows.items(places(wanted, of: count, key)) }
  }

  /// A batch; the same for the same key. The generator must give `count` items.
  public func sample(_ count: Int, key: RandomKey) -> Context {
    precondition(count >= 0, "Contexts: \(count) samples")
    do { return try draw(count, key: key) } catch { preconditionFailure("\(error)") }
  }

  /// A batch.
  ///
  /// - Throws: `ProblemError` for a generator that gives another number of items, or no batch.
  func draw(_ count: Int, key: RandomKey) throws(ProblemError) -> Context {
    let context = generator(count, key)
    try context.requireBatch()
    if !context.leaves.isEmpty, context.batchCount != count {
      throw .batchSize(
        argument: "the generator of the contexts \"\(name)\"", expected: count,
        actual: context.batchCount)
    }
    return context
  }

  /// The same draws, changed: another distribution, on which a model was not trained.
  public func shifted(
    _ name: String, by change: @escaping @Sendable (Context) -> Context
  ) -> Contexts {
    Contexts(name) { [generator] count, key in change(generator(count, key)) }
  }

  /// Batches for a training, fresh ones in every step, without labels.
  ///
  /// - Parameter perEpoch: how many batches count as an epoch.
  public func batches(of size: Int, perEpoch: Int = 100, key: RandomKey)
    -> ContextBatches<Context>
  {
    ContextBatches(contexts: self, size: size, batchCount: perEpoch, key: key)
  }
}

extension Contexts {
  /// Two rows of a set, drawn independently.
  public static func pairs<Row: TensorStructure>(of rows: Row, named name: String) -> Contexts
  where Context == Pair<Row, Row> {
    let count = rows.batchCount
    precondition(count > 0, "Contexts.pairs: no rows")
    return Contexts(name) { wanted, key in
      let keys = key.split()
      return Pair(
        rows.items(places(wanted, of: count, keys.0)), rows.items(places(wanted, of: count, keys.1))
      )
    }
  }
}

private func places(_ wanted: Int, of count: Int, _ key: RandomKey) -> [Int] {
  key.uniform([wanted], dtype: .float64).scalars.map { min(Int($0 * Double(count)), count - 1) }
}

/// Fresh contexts in every step of a training.
public struct ContextBatches<Context: TensorStructure>: BatchSource {
  public let contexts: Contexts<Context>
  public let size: Int
  public let batchCount: Int
  public let key: RandomKey

  public func epoch(_ epoch: Int) -> some Sequence<Pair<Context, EmptyStructure>> {
    let first = epoch * batchCount
    return (0..<batchCount).lazy.map { index in
      Pair(contexts.sample(size, key: key.folded(in: first + index)), EmptyStructure())
    }
  }
}
