import ConvexSolvers
import LinearAlgebra

/// The data of a cone program while they are read: `A` as a list of entries, which add up.
struct ConeAssembly {
  let variables: Int
  let cones: ConeProduct
  private(set) var row: [Int] = []
  private(set) var column: [Int] = []
  private(set) var values: [Double] = []
  var c: [Double]
  var b: [Double]

  init(variables: Int, cones: ConeProduct) {
    self.variables = variables
    self.cones = cones
    c = [Double](repeating: 0, count: variables)
    b = [Double](repeating: 0, count: cones.rows)
  }

  mutating func reserve(_ entries: Int) {
    row.reserveCapacity(row.count + entries)
    column.reserveCapacity(column.count + entries)
    values.reserveCapacity(values.count + entries)
  }

  @inline(__always)
  mutating func append(_ row: Int, _ column: Int, _ value: Double) {
    self.row.append(row)
    self.column.append(column)
    values.append(value)
  }

  /// The program, without quadratic term.
  func group(file: String) throws(ProblemFileError) -> ConeGroup {
    let A = SparseMatrix(
      rows: cones.rows, columns: variables, row: row, column: column, values: values)
    do {
      let batch = try ConeProgramBatch(
        items: 1, c: BatchedVector(items: 1, count: variables, elements: c),
        A: BatchedSparseMatrix(
          pattern: A.pattern, values: BatchedVector([A.values], count: A.pattern.entries)),
        b: BatchedVector(items: 1, count: cones.rows, elements: b), cones: cones)
      return ConeGroup(indices: [0], batch: batch)
    } catch {
      throw ProblemFileError(.invalid, file: file, reason: "\(error)")
    }
  }
}
