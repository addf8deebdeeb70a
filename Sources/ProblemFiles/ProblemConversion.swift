import ConvexSolvers
import LinearAlgebra
import OptimizationCore

/// The kinds of problems in a file; the raw values are the names in problem JSON.
public enum ProblemForm: String, Sendable, CaseIterable {
  /// Dense quadratic programs.
  case quadratic = "qp"
  /// Sparse cone programs.
  case cone = "cone"
}

extension ProblemFile {
  /// The same problems as dense quadratic programs or as sparse cone programs.
  ///
  /// A quadratic program becomes a cone program of its entries that are not zero, equalities in the zero
  /// cone before inequalities in the nonnegative cone. A cone program becomes a quadratic program if it
  /// has no other cones.
  ///
  /// - Throws: `ProblemFileError` of kind unsupported: other cones, or too large to be dense.
  public func converted(to form: ProblemForm) throws(ProblemFileError) -> ProblemFile {
    var converted: [ProblemGroup] = []
    for group in groups {
      switch (group, form) {
      case (.quadratic(let group), .cone):
        converted.append(.cone(try group.sparse(file: name)))
      case (.cone(let group), .quadratic):
        let key = isBatch ? "problems[\(group.indices[0])]" : nil
        converted.append(.quadratic(try group.dense(file: name, key: key)))
      default: converted.append(group)
      }
    }
    return ProblemFile(
      name: name, isBatch: isBatch, count: count, groups: converted,
      sharedData: form == .cone ? [] : sharedData, model: model)
  }
}

extension ProblemFile {
  /// Whether this is a model file with a linear program, or with a quadratic one of which more than three
  /// quarters are zeros.
  public var isModelWithZeros: Bool {
    guard model != nil, groups.count == 1, case .quadratic(let group) = groups[0] else {
      return false
    }
    return group.isLinear || (group.batch.variables > 20 && group.shareOfEntries < 0.25)
  }
}

extension QuadraticGroup {
  /// Numbers that are not zero among those of Q, A and the rows of G with more than one.
  fileprivate var shareOfEntries: Double {
    let program = batch
    var entries = 0
    var places = program.variables * program.variables
    for row in 0..<program.variables { entries += program.Q.matrix(0).nonzeros(inRow: row) }
    for matrix in [program.A.matrix(0), program.G.matrix(0)] {
      for row in 0..<matrix.rows {
        let count = matrix.nonzeros(inRow: row)
        if count <= 1 { continue }
        entries += count
        places += program.variables
      }
    }
    return Double(entries) / Double(max(places, 1))
  }

  /// The most numbers of a problem that is dense without being asked for: a fraction of a second.
  static let smallCount = 250_000

  /// Whether a model is solved faster without looking for its zeros.
  static func isSmall(variables: Int, rows: Int) -> Bool {
    variables <= smallCount / (variables + 2 * rows)
  }

  /// The programs as cone programs, on the places where any item has an entry that is not zero.
  func sparse(file: String) throws(ProblemFileError) -> ConeGroup {
    let n = batch.variables
    let equalities = batch.equalities
    let P = isLinear ? nil : Self.sparse([batch.Q], columns: n, items: batch.items)
    let A = Self.sparse([batch.A, batch.G], columns: n, items: batch.items)
    let b = (0..<batch.items).map { item in
      Vector(batch.b[item].array + batch.h[item].array)
    }
    do {
      return ConeGroup(
        indices: indices,
        batch: try ConeProgramBatch(
          items: batch.items, P: P,
          c: BatchedVector((0..<batch.items).map { batch.p[$0] }, count: n), A: A,
          b: BatchedVector(b, count: equalities + batch.inequalities),
          cones: ConeProduct(zero: equalities, nonnegative: batch.inequalities)),
        isQuadraticProgram: true)
    } catch {
      throw ProblemFileError(.invalid, file: file, reason: "\(error)")
    }
  }

  /// The matrices below each other, on the places where any item has an entry that is not zero.
  private static func sparse(
    _ parts: [BatchedMatrix], columns: Int, items: Int
  ) -> BatchedSparseMatrix {
    var row: [Int] = []
    var column: [Int] = []
    var values = [[Double]](repeating: [], count: items)
    var firstRow = 0
    for part in parts {
      let matrices = (0..<items).map { part.matrix($0) }
      for i in 0..<part.rows {
        for j in 0..<columns where matrices.contains(where: { $0[i, j] != 0 }) {
          row.append(firstRow + i)
          column.append(j)
          for item in 0..<items { values[item].append(matrices[item][i, j]) }
        }
      }
      firstRow += part.rows
    }
    let (pattern, places) = SparsityPattern.gathering(
      rows: firstRow, columns: columns, row: row, column: column)
    let order = EntryOrder(places, entries: pattern.entries)
    return BatchedSparseMatrix(
      pattern: pattern,
      values: BatchedVector(
        values.map { order.gathering(Vector($0), entries: pattern.entries) },
        count: pattern.entries))
  }
}

extension ConeGroup {
  /// The programs as dense quadratic programs.
  func dense(file: String, key: String? = nil) throws(ProblemFileError) -> QuadraticGroup {
    let n = batch.variables
    let cones = batch.cones
    guard cones.rows == cones.zero + cones.nonnegative else {
      throw ProblemFileError(
        .unsupported, file: file, key: key,
        reason: "has cones that a quadratic program cannot have; only z and l can be converted")
    }
    guard n <= ProgramGrouping.largestDenseCount / (n + batch.rows) / batch.items else {
      throw ProblemFileError(
        .unsupported, file: file, key: key,
        reason: "\(n) variables and \(batch.rows) rows are too many for a dense problem")
    }
    do {
      let constraints = (0..<batch.items).map { batch.A[$0].dense }
      func part(_ rows: Range<Int>) -> BatchedMatrix {
        BatchedMatrix(
          items: batch.items, rows: rows.count, columns: n,
          elements: constraints.flatMap { $0.array[rows.lowerBound * n..<rows.upperBound * n] })
      }
      func limits(_ rows: Range<Int>) -> BatchedVector {
        BatchedVector(
          items: batch.items, count: rows.count,
          elements: (0..<batch.items).flatMap { batch.b[$0].array[rows] })
      }
      let equalities = 0..<cones.zero
      let inequalities = cones.zero..<cones.rows
      return QuadraticGroup(
        indices: indices,
        batch: try QuadraticProgramBatch(
          items: batch.items,
          Q: batch.P.map { P in BatchedMatrix((0..<batch.items).map { P[$0].dense }) },
          p: batch.c, G: part(inequalities), h: limits(inequalities), A: part(equalities),
          b: limits(equalities)),
        isLinear: batch.P == nil)
    } catch {
      throw ProblemFileError(.invalid, file: file, key: key, reason: "\(error)")
    }
  }
}

extension Matrix {
  fileprivate func nonzeros(inRow row: Int) -> Int {
    (0..<columns).reduce(0) { $0 + (self[row, $1] != 0 ? 1 : 0) }
  }
}
