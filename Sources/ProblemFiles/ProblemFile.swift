import ConvexSolvers
import LinearAlgebra
import OptimizationCore

/// What a problem file holds: one problem, or a batch of them.
///
/// Quadratic programs of one shape, and cone programs of one shape and sparsity pattern, are put
/// together as one batch, so that they are solved together; a group remembers where in the file its
/// problems stand.
///
/// ```swift
/// let file = try ProblemFile(path: "portfolio.json")
/// for case .quadratic(let group) in file.groups {
///   let solution = try group.batch.solve()
///   for (item, index) in group.indices.enumerated() { print(index, solution[item].status) }
/// }
/// ```
///
/// A file that is not right throws `ProblemFileError`, which names the line and the key; one bad
/// problem rejects its whole batch.
public struct ProblemFile: Sendable {
  /// The name of the file, as given.
  public let name: String
  /// Whether the file is a batch (even of one problem, or of none) rather than a single problem.
  public let isBatch: Bool
  /// The number of problems.
  public let count: Int
  /// The problems, together where they have one shape, in the order of first appearance.
  public let groups: [ProblemGroup]
  /// The data that all problems of the batch share (the keys of `shared`).
  public let sharedData: Set<ProblemDatum>
  /// What a model file says beyond the numbers; nil for JSON.
  public let model: ModelDescription?
  /// The group and the place in it of each problem.
  private let locations: [(group: Int, item: Int)]

  init(
    name: String, isBatch: Bool, count: Int, groups: [ProblemGroup],
    sharedData: Set<ProblemDatum> = [], model: ModelDescription? = nil
  ) {
    self.name = name
    self.isBatch = isBatch
    self.count = count
    self.groups = groups
    self.sharedData = sharedData
    self.model = model
    var locations = [(group: Int, item: Int)](repeating: (0, 0), count: count)
    for (group, problems) in groups.enumerated() {
      for (item, index) in problems.indices.enumerated() { locations[index] = (group, item) }
    }
    self.locations = locations
  }

  /// The group and the place in it of the problem with this index in the file.
  public func location(of index: Int) -> (group: Int, item: Int) {
    precondition(index >= 0 && index < count, "ProblemFile: problem \(index) of \(count)")
    return locations[index]
  }
}

// MARK: - Items without copies

extension BatchedMatrix {
  /// One matrix per item, of which there is one: the storage is not copied.
  init(single matrix: Matrix) {
    self.init(items: 1, rows: matrix.rows, columns: matrix.columns, storage: matrix.storage)
  }

  /// The matrix of an item, which shares the storage where there is only one.
  func matrix(_ item: Int) -> Matrix {
    items ?? 1 == 1 ? Matrix(rows: rows, columns: columns, storage: storage) : self[item]
  }
}

extension BatchedVector {
  /// One vector per item, of which there is one: the storage is not copied.
  init(single vector: Vector) {
    self.init(items: 1, count: vector.count, storage: vector.storage)
  }

  /// The vector of an item, which shares the storage where there is only one.
  func vector(_ item: Int) -> Vector {
    items ?? 1 == 1 ? Vector(storage: storage) : self[item]
  }
}
