import ConvexSolvers
import LinearAlgebra

/// Writes a cone program in the conic benchmark format, version 3: free variables, and a constraint
/// b - Ax in its cone for each row.
struct CBFWriter {
  private let program: ConeProgram
  /// For each row its scalar constraint or its matrix constraint.
  private var targets: [Target] = []
  /// The cones of the scalar constraints in order.
  private var cones: [(name: String, size: Int)] = []
  private var exponents: [Double] = []
  private var dualExponents: [Double] = []
  private var constraints = 0

  private enum Target {
    case scalar(Int)
    case matrix(Int, row: Int, column: Int)
  }

  init(_ program: ConeProgram, _ failure: (String) -> ProblemFileError) throws(ProblemFileError) {
    self.program = program
    if program.isQuadratic { throw failure("the format has no quadratic term") }
    var matrices = 0
    for (cone, rows) in program.cones.blocks {
      switch cone {
      case .zero: append("L=", rows.count)
      case .free: append("F", rows.count)
      case .nonnegative:
        // An absent bound is no constraint.
        for row in rows { append(isAbsent(row) ? "F" : "L+", 1, joining: true) }
      case .secondOrder: append("Q", rows.count)
      case .exponential, .dualExponential:
        // The format has the components the other way round.
        let first = constraints
        append(cone == .exponential ? "EXP" : "EXP*", 3)
        targets.replaceSubrange(rows, with: (0..<3).map { .scalar(first + 2 - $0) })
      case .power(let exponent):
        append(exponent > 0 ? "@\(exponents.count):POW" : "@\(dualExponents.count):POW*", 3)
        if exponent > 0 { exponents.append(exponent) } else { dualExponents.append(-exponent) }
      case .semidefinite(let order):
        for column in 0..<order {
          for row in column..<order { targets.append(.matrix(matrices, row: row, column: column)) }
        }
        matrices += 1
      }
    }
  }

  private func isAbsent(_ row: Int) -> Bool { program.b[row] >= JSONReader.absentBound }

  private mutating func append(_ name: String, _ size: Int, joining: Bool = false) {
    for _ in 0..<size {
      targets.append(.scalar(constraints))
      constraints += 1
    }
    if joining, let last = cones.last, last.name == name {
      cones[cones.count - 1].size += size
    } else {
      cones.append((name, size))
    }
  }

  func text() -> [UInt8] {
    var writer = TextWriter()
    writer.line("VER\n3\n")
    write(exponents, "POWCONES", to: &writer)
    write(dualExponents, "POW*CONES", to: &writer)
    writer.line("OBJSENSE\nMIN\n")
    writer.line("VAR\n\(program.variables) 1\nF \(program.variables)\n")
    if !program.cones.semidefinite.isEmpty {
      writer.line("PSDCON\n\(program.cones.semidefinite.count)")
      for order in program.cones.semidefinite { writer.line("\(order)") }
      writer.line()
    }
    if constraints > 0 {
      writer.line("CON\n\(constraints) \(cones.count)")
      for cone in cones { writer.line(cone.name, "\(cone.size)") }
      writer.line()
    }
    writeObjective(to: &writer)
    writeCoefficients(to: &writer)
    writeConstants(to: &writer)
    return writer.bytes
  }

  private func write(_ exponents: [Double], _ section: String, to writer: inout TextWriter) {
    guard !exponents.isEmpty else { return }
    writer.line("\(section)\n\(exponents.count) \(2 * exponents.count)")
    for exponent in exponents {
      writer.line("2\n\(TextWriter.text(exponent))\n\(TextWriter.text(1 - exponent))")
    }
    writer.line()
  }

  private func writeObjective(to writer: inout TextWriter) {
    let c = program.c
    writer.line("OBJACOORD\n\(c.count { $0 != 0 })")
    for (variable, value) in c.enumerated() where value != 0 {
      writer.entry(variable, value: value)
    }
    writer.line()
  }

  private func writeCoefficients(to writer: inout TextWriter) {
    var scalar = TextWriter()
    var matrix = TextWriter()
    var counts = (scalar: 0, matrix: 0)
    program.A.forEach { row, variable, value in
      switch targets[row] {
      case .scalar(let constraint):
        scalar.entry(constraint, variable, value: 0 - value)
        counts.scalar += 1
      case .matrix(let index, let row, let column):
        let factor = SymmetricVector.factor(row: row, column: column)
        matrix.entry(index, variable, row, column, value: (0 - value) / factor)
        counts.matrix += 1
      }
    }
    writer.append("ACOORD", counts.scalar, scalar)
    writer.append("HCOORD", counts.matrix, matrix)
  }

  private func writeConstants(to writer: inout TextWriter) {
    var scalar = TextWriter()
    var matrix = TextWriter()
    var counts = (scalar: 0, matrix: 0)
    for (row, value) in program.b.enumerated() where value != 0 && value.isFinite {
      switch targets[row] {
      case .scalar(let constraint):
        // Without constraint, the row of an absent bound needs no constant.
        if value >= JSONReader.absentBound { continue }
        scalar.entry(constraint, value: value)
        counts.scalar += 1
      case .matrix(let index, let row, let column):
        let factor = SymmetricVector.factor(row: row, column: column)
        matrix.entry(index, row, column, value: value / factor)
        counts.matrix += 1
      }
    }
    writer.append("BCOORD", counts.scalar, scalar)
    writer.append("DCOORD", counts.matrix, matrix)
  }
}

extension TextWriter {
  /// Writes a section of a CBF file unless it has no entries.
  fileprivate mutating func append(_ section: String, _ count: Int, _ entries: TextWriter) {
    guard count > 0 else { return }
    line("\(section)\n\(count)")
    append(entries)
    line()
  }
}
