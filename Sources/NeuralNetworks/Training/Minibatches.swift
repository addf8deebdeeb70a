import Autodiff

/// Where a training gets its batches from: the same ones for the same epoch, so that a run can be continued.
public protocol BatchSource<Batch>: Sendable {
  associatedtype Batch: TensorStructure
  associatedtype Batches: Sequence<Batch>

  /// The number of batches in an epoch.
  var batchCount: Int { get }

  /// The batches of one epoch, counted from 0, each put together when it is asked for.
  func epoch(_ epoch: Int) -> Batches
}

/// The rows of a data set in batches, in another random order in every epoch.
///
/// The order depends on the key and the epoch only, so a run can be repeated and continued anywhere.
public struct Minibatches: Sendable, Hashable {
  /// How many rows there are.
  public let count: Int
  /// How many rows a batch has.
  public let batchSize: Int
  /// Where the orders come from; nil keeps the rows in place.
  public let key: RandomKey?
  /// Whether rows at the end that don't fill a batch are left out of the epoch.
  public let dropsLast: Bool

  public init(count: Int, batchSize: Int, shuffledBy key: RandomKey?, dropsLast: Bool = false) {
    precondition(
      count >= 0 && batchSize > 0, "Minibatches: batches of \(batchSize) from \(count) rows")
    self.count = count
    self.batchSize = batchSize
    self.key = key
    self.dropsLast = dropsLast
  }

  /// The number of batches in an epoch.
  public var batchCount: Int {
    dropsLast ? count / batchSize : (count + batchSize - 1) / batchSize
  }

  /// The rows of every batch of one epoch, counted from 0.
  public func epoch(_ epoch: Int) -> [[Int]] {
    let order = key.map { $0.split().0.folded(in: epoch).permutation(count) } ?? Array(0..<count)
    return (0..<batchCount).map {
      Array(order[$0 * batchSize..<min(($0 + 1) * batchSize, count)])
    }
  }
}

/// A data set held in memory, in minibatches: any structure whose tensors have one row per example.
///
/// ```swift
/// let loader = DataLoader(Pair(images, labels), batchSize: 32, shuffledBy: key)
/// for batch in loader.epoch(0) { step(batch.first, batch.second) }
/// ```
public struct DataLoader<Data: TensorStructure>: BatchSource {
  /// All examples; the first axis of every tensor counts them.
  public let data: Data
  public let minibatches: Minibatches

  /// - Parameter key: where the order of each epoch comes from; nil keeps the order.
  public init(
    _ data: Data, batchSize: Int, shuffledBy key: RandomKey?, dropsLast: Bool = false
  ) {
    let shapes = data.leaves.map(\.shape)
    let count = shapes.first?.first ?? 0
    for shape in shapes {
      precondition(
        shape.first == count, "DataLoader: tensors of shapes \(shapes) differ in the first axis")
    }
    self.data = data
    minibatches = Minibatches(
      count: count, batchSize: batchSize, shuffledBy: key, dropsLast: dropsLast)
  }

  /// The number of examples.
  public var count: Int { minibatches.count }
  /// The number of batches in an epoch.
  public var batchCount: Int { minibatches.batchCount }

  /// The examples at the given rows.
  public func rows(_ rows: [Int]) -> Data {
    data.mapLeaves { $0.gathering(rows, axis: 0) }
  }

  /// The batches of one epoch, counted from 0, each put together when it is asked for.
  public func epoch(_ epoch: Int) -> some Sequence<Data> {
    minibatches.epoch(epoch).lazy.map(rows)
  }
}
