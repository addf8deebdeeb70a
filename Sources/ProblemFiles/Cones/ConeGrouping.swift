import ConvexSolvers
import LinearAlgebra
import OptimizationCore

/// Checks the cone programs of a file, and puts those of one shape and pattern together.
struct ConeGrouping {
  let text: TextBytes
  let isBatch: Bool

  /// A cone program whose data fit together.
  private struct Program {
    let c: Vector
    let b: Vector
    let cones: ConeProduct
    let P: Entries?
    let A: Entries

    /// Whether both have the same cones and list the same places in the same order.
    func isLike(_ other: Program) -> Bool {
      c.count == other.c.count && cones == other.cones && A.isLike(other.A)
        && (P == nil) == (other.P == nil) && (P.map { $0.isLike(other.P!) } ?? true)
    }
  }

  private struct Entries {
    let pattern: SparsityPattern
    let order: EntryOrder
    let values: Vector

    init(_ data: SparseData) {
      let (pattern, places) = SparsityPattern.gathering(
        rows: data.rows, columns: data.columns, row: data.row, column: data.column)
      self.pattern = pattern
      order = EntryOrder(places, entries: pattern.entries)
      values = order.gathering(data.values, entries: pattern.entries)
    }

    func isLike(_ other: Entries) -> Bool { pattern == other.pattern && order == other.order }
  }

  /// The groups of the problems, which stand in the file at these indices.
  func groups(
    of problems: [(index: Int, data: ConeData)]
  ) throws(ProblemFileError) -> [ProblemGroup] {
    var members: [[Int]] = []
    var programs: [Program] = []
    for (place, problem) in problems.enumerated() {
      let program = try program(problem.data, index: problem.index)
      programs.append(program)
      if let group = members.firstIndex(where: { programs[$0[0]].isLike(program) }) {
        members[group].append(place)
      } else {
        members.append([place])
      }
    }
    var groups: [ProblemGroup] = []
    for places in members {
      groups.append(.cone(try group(places.map { programs[$0] }, places.map { problems[$0] })))
    }
    return groups
  }

  private func group(
    _ programs: [Program], _ problems: [(index: Int, data: ConeData)]
  ) throws(ProblemFileError) -> ConeGroup {
    let first = programs[0]
    func matrices(_ entries: (Program) -> Entries) -> BatchedSparseMatrix {
      BatchedSparseMatrix(
        pattern: entries(first).pattern,
        values: BatchedVector(
          programs.map { entries($0).values }, count: entries(first).pattern.entries))
    }
    do {
      let batch = try ConeProgramBatch(
        items: programs.count, P: first.P.map { _ in matrices { $0.P! } },
        c: BatchedVector(programs.map(\.c)), A: matrices(\.A),
        b: BatchedVector(programs.map(\.b)), cones: first.cones)
      return ConeGroup(
        indices: problems.map(\.index), batch: batch, orderOfP: first.P?.order ?? .pattern,
        orderOfA: first.A.order)
    } catch {
      let problem = problems[error.item ?? 0]
      let key = error.argument == "cones" ? "cone" : error.argument
      throw self.error(.invalid, problem.data, problem.index, key ?? "", error.reason)
    }
  }

  /// Checks that the data fit together; missing ones are empty.
  private func program(
    _ data: ConeData, index: Int
  ) throws(ProblemFileError) -> Program {
    func failure(_ key: String, _ reason: String) -> ProblemFileError {
      error(.invalid, data, index, key, reason)
    }
    guard let c = data.c?.value else {
      throw failure("c", "is missing; it is required and fixes the number of variables")
    }
    let n = c.count
    if n == 0 { throw failure("c", "is empty; there must be a variable") }
    let cones = data.cones?.value ?? ConeProduct()
    let m = cones.rows
    let b = data.b?.value ?? Vector.zeros(0)
    guard b.count == m else {
      if data.cones == nil {
        throw failure("cone", "is missing, but b has \(b.count.counted("number"))")
      }
      if data.b == nil {
        throw failure("b", "is missing, but the cones have \(m.counted("row"))")
      }
      throw failure(
        "b", "has \(b.count.counted("number")), but the cones have \(m.counted("row"))")
    }
    if data.A == nil && m > 0 {
      throw failure("A", "is missing, but the cones have \(m.counted("row"))")
    }
    var A = data.A?.value ?? SparseData()
    if A.rows == 0 && m == 0 && A.columns == 0 { A.columns = n }
    guard A.rows == m && A.columns == n else {
      throw failure(
        "A",
        "has shape [\(A.rows), \(A.columns)], expected [\(m), \(n)]: a row for each row of the "
          + "cones, a column for each number of c")
    }
    if let P = data.P?.value, P.rows != n || P.columns != n {
      throw failure(
        "P",
        "has shape [\(P.rows), \(P.columns)], expected [\(n), \(n)] as c has \(n.counted("number"))"
      )
    }
    return Program(
      c: c, b: b, cones: cones, P: data.P.map { Entries($0.value) }, A: Entries(A))
  }

  private func error(
    _ kind: ProblemFileError.Kind, _ data: ConeData, _ index: Int, _ key: String, _ reason: String
  ) -> ProblemFileError {
    let path = [isBatch ? "problems[\(index)]" : "", key].filter { !$0.isEmpty }
    return ProblemFileError(
      kind, file: text.name, line: text.line(of: data.position(of: key)),
      key: path.isEmpty ? nil : path.joined(separator: "."), reason: reason)
  }
}
