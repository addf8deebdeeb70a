import Dispatch
import LinearAlgebra
import OptimizationCore

/// The systems `[P + diag(w), Aᵀ; A, -diag(v)]` with positive weights w and v, whose pattern is analyzed
/// once.
final class SplittingSystem: Sendable {
  let variables: Int
  let rows: Int
  private let analysis: SparseLDLAnalysis?
  private let entries: Int
  /// Where the entries of P, of A and the diagonal go; -1 for the lower triangle of P.
  private let placeOfP: [Int]
  private let placeOfA: [Int]
  private let placeOfDiagonal: [Int]
  /// Row and column of each entry.
  private let row: [Int]
  private let column: [Int]

  /// - Throws: `ProblemError.tooLarge` if the factor would not fit into memory.
  init(P: SparsityPattern?, A: SparsityPattern) throws(ProblemError) {
    variables = A.columns
    rows = A.rows
    let n = variables
    let order = n + rows
    var row: [Int] = []
    var column: [Int] = []
    var indexOfP: [Int] = []
    P?.forEachEntry { _, i, j in
      indexOfP.append(i <= j ? row.count : -1)
      if i <= j {
        row.append(i)
        column.append(j)
      }
    }
    let firstOfA = row.count
    A.forEachEntry { _, i, j in
      row.append(j)
      column.append(n + i)
    }
    let firstOfDiagonal = row.count
    row += 0..<order
    column += 0..<order
    let (pattern, places) = SparsityPattern.gathering(
      rows: order, columns: order, row: row, column: column)
    placeOfP = indexOfP.map { $0 < 0 ? -1 : places[$0] }
    placeOfA = Array(places[firstOfA..<firstOfDiagonal])
    placeOfDiagonal = Array(places[firstOfDiagonal...])
    entries = pattern.entries
    self.row = pattern.rowIndices
    var columns = [Int](repeating: 0, count: pattern.entries)
    pattern.forEachEntry { entry, _, j in columns[entry] = j }
    self.column = columns
    if order == 0 {
      analysis = nil
    } else if let found = SparseLDLAnalysis(upperTriangle: pattern) {
      analysis = found
    } else {
      throw .tooLarge(reason: "the factorization of a system of order \(order) does not fit")
    }
  }

  /// Factorizes the system with these weights.
  ///
  /// - Parameter scale: the factorized matrix is this diagonal times the system times this diagonal, so
  ///   that its pivots are of a common size.
  func factorized(
    P: Vector?, A: Vector, weights: Vector, scale: Vector
  ) -> SplittingFactor? {
    guard let analysis else { return SplittingFactor(nil, scale: scale) }
    guard let factor = SparseLDL(analysis) else { return nil }
    var values = Vector.zeros(entries)
    values.withUnsafeMutableBufferPointer { values in
      if let P {
        for (entry, place) in placeOfP.enumerated() where place >= 0 {
          values[place] += P.storage.pointer[entry]
        }
      }
      for (entry, place) in placeOfA.enumerated() { values[place] += A.storage.pointer[entry] }
      for (index, place) in placeOfDiagonal.enumerated() {
        let weight = weights.storage.pointer[index]
        values[place] += index < variables ? weight : -weight
      }
      let scale = scale.storage.pointer
      for entry in 0..<entries { values[entry] *= scale[row[entry]] * scale[column[entry]] }
    }
    let signs = (0..<variables + rows).map { $0 < variables ? 1 : -1 }
    guard factor.factorize(values, signs: signs, threshold: 1e-14, replacement: 1e-10) != nil
    else { return nil }
    return SplittingFactor(factor, scale: scale)
  }
}

/// A factorized system.
final class SplittingFactor: @unchecked Sendable {
  private let factor: SparseLDL?
  private let scale: Vector
  /// The factorization has a workspace.
  private let lock = DispatchSemaphore(value: 1)

  init(_ factor: SparseLDL?, scale: Vector) {
    self.factor = factor
    self.scale = scale
  }

  /// Replaces a right-hand side by the solution.
  func solve(_ x: UnsafeMutablePointer<Double>) {
    guard let factor else { return }
    let scale = scale.storage.pointer
    let order = self.scale.count
    for index in 0..<order { x[index] *= scale[index] }
    lock.wait()
    factor.solve(x)
    lock.signal()
    for index in 0..<order { x[index] *= scale[index] }
  }
}
