import ConvexSolvers
import LinearAlgebra
import OptimizationCore

/// Problems from a file that are solved together.
public enum ProblemGroup: Sendable {
  /// Quadratic programs of one shape, dense.
  case quadratic(QuadraticGroup)
  /// Cone programs of one shape and pattern, sparse.
  case cone(ConeGroup)

  /// Where in the file each problem of the group stands; increasing.
  public var indices: [Int] {
    switch self {
    case .quadratic(let group): group.indices
    case .cone(let group): group.indices
    }
  }
}

/// The data of a quadratic program, by the names that they have in files.
public enum ProblemDatum: String, Sendable, CaseIterable {
  case Q, p, G, h, A, b
}

/// The data of a cone program, by the names that they have in files.
public enum ConeDatum: String, Sendable, CaseIterable {
  case P, c, A, b
}

/// Quadratic programs of one shape from a file.
public struct QuadraticGroup: Sendable {
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

/// Cone programs of one shape and pattern from a file.
public struct ConeGroup: Sendable {
  /// Where in the file each problem of the batch stands; increasing.
  public let indices: [Int]
  /// The problems.
  public let batch: ConeProgramBatch
  /// Whether these are quadratic programs that are kept as cone programs for being large and sparse:
  /// equalities in the zero cone, then inequalities in the nonnegative cone. Their answers speak of x,
  /// lambda and nu.
  public let isQuadraticProgram: Bool
  /// In which order the file lists the entries of P and A.
  public let orderOfP: EntryOrder
  public let orderOfA: EntryOrder

  init(
    indices: [Int], batch: ConeProgramBatch, isQuadraticProgram: Bool = false,
    orderOfP: EntryOrder = .pattern, orderOfA: EntryOrder = .pattern
  ) {
    self.indices = indices
    self.batch = batch
    self.isQuadraticProgram = isQuadraticProgram
    self.orderOfP = orderOfP
    self.orderOfA = orderOfA
  }
}

/// In which order a file lists the entries of a sparse matrix.
public enum EntryOrder: Sendable, Equatable {
  /// As in the pattern: column by column.
  case pattern
  /// For each listed entry its place in the pattern; entries listed more than once share a place.
  case listed([Int])

  init(_ places: [Int], entries: Int) {
    let isPattern = places.count == entries && places.indices.allSatisfy { places[$0] == $0 }
    self = isPattern ? .pattern : .listed(places)
  }

  /// The numbers of the pattern's entries in the order of the file: an entry that is listed twice
  /// gives its number twice.
  public func listing(_ values: Vector) -> Vector {
    guard case .listed(let places) = self else { return values }
    return Vector(places.map { values[$0] })
  }

  /// The numbers of the pattern's entries from numbers in the order of the file: those of one place
  /// add up.
  func gathering(_ values: Vector, entries: Int) -> Vector {
    guard case .listed(let places) = self else { return values }
    var sums = Vector.zeros(entries)
    sums.withUnsafeMutableBufferPointer { sums in
      for (place, value) in zip(places, values) { sums[place] += value }
    }
    return sums
  }

  /// How many entries the file lists.
  func count(entries: Int) -> Int {
    guard case .listed(let places) = self else { return entries }
    return places.count
  }
}
