import LinearAlgebra
import OptimizationCore

/// The proof behind a ray that operator splitting only suspects.
///
/// The differences of a splitting method's states converge to a ray of a program without solution (Banjac et
/// al. 2019), but slowly, and those of a program with a large solution look the same for a long time. Whoever
/// suspects a ray asks here, once: the interior point looks for one that keeps `InfeasibilityRule`.
enum SuspectedRay {
  /// The proof that a cone program has no solution; nil if none was found before the deadline.
  static func proof(
    of program: ConeProgram, deadline: ContinuousClock.Instant?
  ) -> ConeProgramRay? {
    var settings = ConeProgramSettings()
    if let deadline {
      let left = deadline - ContinuousClock.now
      guard left > .zero else { return nil }
      settings.timeLimit = left
    }
    return try? program.solve(settings: settings).ray
  }

  /// The proof that a program with two-sided rows has no solution; nil if none was found before the deadline.
  static func proof(
    of program: SparseQuadraticProgram, deadline: ContinuousClock.Instant?
  ) -> SparseQuadraticProgramRay? {
    let sides = RowSides(program)
    guard let coneProgram = try? sides.coneProgram(program) else { return nil }
    switch proof(of: coneProgram, deadline: deadline) {
    case .primalInfeasible(let y): return .primalInfeasible(y: sides.joined(y))
    case .dualInfeasible(let x, _): return .dualInfeasible(x: x)
    case nil: return nil
    }
  }
}

/// The rows lower ≤ Ax ≤ upper as rows of a cone program: equalities, then upper and lower sides.
private struct RowSides {
  private struct Side {
    let row: Int
    let sign: Double
    let bound: Double
  }

  private let sides: [Side]
  private let equalities: Int
  private let rows: Int

  init(_ program: SparseQuadraticProgram) {
    rows = program.rows
    let equal = (0..<rows).filter { program.lower[$0] == program.upper[$0] }
    equalities = equal.count
    sides =
      equal.map { Side(row: $0, sign: 1, bound: program.upper[$0]) }
      + (0..<rows).filter { program.lower[$0] < program.upper[$0] }.flatMap { row in
        (program.upper[row].isFinite ? [Side(row: row, sign: 1, bound: program.upper[row])] : [])
          + (program.lower[row].isFinite
            ? [Side(row: row, sign: -1, bound: -program.lower[row])] : [])
      }
  }

  func coneProgram(_ program: SparseQuadraticProgram) throws(ProblemError) -> ConeProgram {
    var sidesOfRow = [[Int]](repeating: [], count: rows)
    for (place, side) in sides.enumerated() { sidesOfRow[side.row].append(place) }
    var row: [Int] = []
    var column: [Int] = []
    var values: [Double] = []
    program.A.pattern.visit { i, j, entry in
      for place in sidesOfRow[i] {
        row.append(place)
        column.append(j)
        values.append(sides[place].sign * program.A.values[entry])
      }
    }
    return try ConeProgram(
      P: program.P, c: program.q,
      A: SparseMatrix(
        rows: sides.count, columns: program.variables, row: row, column: column, values: values),
      b: Vector(sides.map(\.bound)),
      cones: ConeProduct(zero: equalities, nonnegative: sides.count - equalities))
  }

  /// A dual of the sides as one of the rows.
  func joined(_ y: Vector) -> Vector {
    var result = Vector.zeros(rows)
    for (place, side) in sides.enumerated() { result[side.row] += side.sign * y[place] }
    return result
  }
}
