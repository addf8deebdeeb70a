import ConvexSolvers
import LinearAlgebra

/// Writes a cone program with nonnegative rows and semidefinite cones in the sparse format of SDPA:
/// F₀ = -b and F = -A, the nonnegative rows as one diagonal block.
struct SDPAWriter {
  private let program: ConeProgram
  private var sizes: [Int] = []
  /// For each row of the program its block, row and column, from 1.
  private var places: [(block: Int, row: Int, column: Int)] = []

  init(_ program: ConeProgram, _ failure: (String) -> ProblemFileError) throws(ProblemFileError) {
    self.program = program
    let cones = program.cones
    if program.isQuadratic { throw failure("the format has no quadratic term") }
    if cones.rows == 0 { throw failure("the format needs a constraint") }
    for (cone, rows) in cones.blocks {
      switch cone {
      case .nonnegative(let count):
        if rows.contains(where: { program.b[$0] >= JSONReader.absentBound }) {
          throw failure("the format has no absent bounds")
        }
        sizes.append(-count)
        places += (1...count).map { (sizes.count, $0, $0) }
      case .semidefinite(let order):
        sizes.append(order)
        for column in 1...order {
          for row in column...order { places.append((sizes.count, row, column)) }
        }
      default: throw failure("the format has nonnegative rows and semidefinite cones only")
      }
    }
  }

  func text() -> [UInt8] {
    var writer = TextWriter()
    writer.line("\(program.variables)")
    writer.line("\(sizes.count)")
    writer.line(sizes.map(String.init).joined(separator: " "))
    writer.line(program.c.map(TextWriter.text).joined(separator: " "))
    for (row, value) in program.b.enumerated() where value != 0 {
      write(0, row, value, to: &writer)
    }
    program.A.forEach { row, variable, value in write(variable + 1, row, value, to: &writer) }
    return writer.bytes
  }

  /// Writes an entry in the upper triangle.
  private func write(_ matrix: Int, _ row: Int, _ value: Double, to writer: inout TextWriter) {
    let place = places[row]
    let factor = SymmetricVector.factor(row: place.row, column: place.column)
    writer.entry(matrix, place.block, place.column, place.row, value: (0 - value) / factor)
  }
}
