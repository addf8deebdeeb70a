import ConvexSolvers
import LinearAlgebra

/// Writes a cone program with zero, free and nonnegative rows as MPS, with a quadratic term as QPS.
/// Variables are free: their bounds, if they have any, are rows. Free rows become rows of sense N and
/// absent bounds rows without limit, both of which a reader leaves out.
struct MPSWriter {
  private let program: ConeProgram

  init(_ program: ConeProgram, _ failure: (String) -> ProblemFileError) throws(ProblemFileError) {
    self.program = program
    let cones = program.cones
    guard cones.rows == cones.zero + cones.free + cones.nonnegative else {
      throw failure("the format has zero, free and nonnegative rows only")
    }
  }

  func text(name: String) -> [UInt8] {
    var writer = TextWriter()
    writer.line("NAME", name.split(whereSeparator: \.isWhitespace).joined(separator: "_"))
    writer.line("ROWS")
    writer.line(" N COST")
    for row in 0..<program.rows { writer.line("", sense(row), "R\(row)") }
    writer.line("COLUMNS")
    let A = program.A
    for column in 0..<program.variables {
      // An entry of the objective, even of zero, so that every variable appears.
      writer.line(" X\(column) COST", TextWriter.text(program.c[column]))
      for entry in A.pattern.columnStarts[column]..<A.pattern.columnStarts[column + 1] {
        writer.line(" X\(column) R\(A.pattern.rowIndices[entry])", TextWriter.text(A.values[entry]))
      }
    }
    writer.line("RHS")
    for (row, value) in program.b.enumerated() where value != 0 {
      writer.line(" B R\(row)", value >= JSONReader.absentBound ? "1e30" : TextWriter.text(value))
    }
    writer.line("BOUNDS")
    for column in 0..<program.variables { writer.line(" FR B X\(column)") }
    if let P = program.P, program.isQuadratic {
      writer.line("QUADOBJ")
      P.forEach { row, column, value in
        if row >= column { writer.line(" X\(column) X\(row)", TextWriter.text(value)) }
      }
    }
    writer.line("ENDATA")
    return writer.bytes
  }

  private func sense(_ row: Int) -> String {
    let cones = program.cones
    if row < cones.zero { return "E" }
    return row < cones.zero + cones.free ? "N" : "L"
  }
}
