import ConvexSolvers
import LinearAlgebra
import OptimizationCore

/// What a problem file holds: one quadratic program, or a batch of them.
///
/// Problems of one shape are put together as one `QuadraticProgramBatch`, so that they are solved
/// together; a group remembers where in the file its problems stand.
///
/// ```swift
/// let file = try ProblemFile(path: "portfolio.json")
/// for group in file.groups {
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

  /// The problem with this index in the file.
  public func program(at index: Int) throws(ProblemError) -> QuadraticProgram {
    let (group, item) = location(of: index)
    return try groups[group].program(item)
  }
}

/// The data of a quadratic program, by the names that they have in files.
public enum ProblemDatum: String, Sendable, CaseIterable {
  case Q, p, G, h, A, b
}

/// Problems of one shape from a file.
public struct ProblemGroup: Sendable {
  /// Where in the file each problem of the batch stands; increasing.
  public let indices: [Int]
  /// The problems: shared data are shared, other data are per item (also for a single problem).
  public let batch: QuadraticProgramBatch
  /// Whether the problems have no quadratic term: linear programs.
  public let isLinear: Bool

  /// One problem of the batch, alone.
  public func program(_ item: Int) throws(ProblemError) -> QuadraticProgram {
    try QuadraticProgram(
      Q: isLinear ? nil : batch.Q.matrix(item), p: batch.p.vector(item),
      G: batch.G.matrix(item), h: batch.h.vector(item),
      A: batch.A.matrix(item), b: batch.b.vector(item))
  }
}

/// What a model file (MPS, QPS) says beyond the numbers of its problem.
public struct ModelDescription: Sendable, Equatable {
  /// The direction of the objective in the file. Inside, the negated objective is minimized instead
  /// of maximizing.
  public enum ObjectiveSense: String, Sendable {
    case minimize, maximize
  }

  /// The name of the model, empty if it has none.
  public let name: String
  public let objectiveSense: ObjectiveSense
  /// The constant term of the objective, in the file's own sense.
  public let objectiveConstant: Double
  /// A name for each row in the canonical order, equalities then inequalities: of the row in the
  /// file (for both rows of a range), or of the variable if the row is its bound.
  public let rowNames: [String]
  /// A name for each variable.
  public let columnNames: [String]

  /// The value of the file's objective where the problem inside has the value `inside`.
  public func objective(_ inside: Double) -> Double {
    (objectiveSense == .minimize ? inside : -inside) + objectiveConstant
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
