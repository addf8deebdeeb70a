import Argmin

/// A problem whose derivatives can be compared with differences: its data as lists of numbers by name,
/// and ways to solve it with one of them changed.
protocol CheckedProgram {
  associatedtype Solved: CheckedSolution

  /// The data in the order of the table.
  var data: [CheckedDatum] { get }
  /// The numbers of a solution, such as those of x, lambda and nu.
  var parts: [Int] { get }
  /// A number that says how long a solve takes.
  var size: Int { get }

  func solve() throws -> Solved

  /// The solutions with one datum replaced, as lists of their numbers; NaN where there is none.
  func solutions(replacing datum: CheckedDatum, items: Int, numbers: [Double]) throws -> [[Double]]
}

/// A solution and its derivatives.
protocol CheckedSolution {
  var status: SolveStatus { get }
  /// The numbers of all parts.
  var numbers: [Double] { get }

  /// The gradient of the linear function with these coefficients, of each datum by its name.
  func gradient(
    upstream: [[Double]]
  ) throws -> (data: [String: [Double]], certificate: DerivativeCertificate)

  /// The change of the numbers as a datum changes by `direction`.
  func tangent(_ datum: CheckedDatum, direction: [Double]) throws -> [Double]
}

/// A datum as a list of numbers.
struct CheckedDatum {
  /// One number that can be moved, in a symmetric matrix together with its mirror image.
  struct Place {
    let index: Int
    var mirror: Int?
    /// For an off-diagonal of a symmetric matrix, where the diagonals of its row and column stand.
    var diagonals: [Int] = []
  }

  let name: String
  let numbers: [Double]
  let places: [Place]
  /// Whether it must stay positive semidefinite.
  var isSemidefinite = false
}

extension CheckedDatum {
  /// A vector; absent bounds have no derivative.
  init(name: String, _ vector: Vector) {
    self.init(
      name: name, numbers: vector.array,
      places: vector.indices.filter { vector[$0] < 1e20 }.map { Place(index: $0) })
  }

  /// All entries of a matrix, row by row.
  init(name: String, _ matrix: Matrix) {
    let numbers = matrix.array
    self.init(name: name, numbers: numbers, places: numbers.indices.map { Place(index: $0) })
  }

  /// A symmetric matrix, row by row; its lower triangle moves with its mirror image.
  init(name: String, symmetric matrix: Matrix) {
    let n = matrix.rows
    var places: [Place] = []
    for row in 0..<n {
      for column in 0..<row {
        places.append(
          Place(
            index: row * n + column, mirror: column * n + row,
            diagonals: [row * n + row, column * n + column]))
      }
      places.append(Place(index: row * n + row))
    }
    self.init(name: name, numbers: matrix.array, places: places, isSemidefinite: true)
  }

  /// The entries of a sparse matrix.
  init(name: String, _ matrix: SparseMatrix) {
    self.init(
      name: name, numbers: matrix.values.array,
      places: (0..<matrix.values.count).map { Place(index: $0) })
  }

  /// The entries of a sparse symmetric matrix that can move without leaving the pattern.
  init(name: String, symmetric matrix: SparseMatrix) {
    let pattern = matrix.pattern
    var places: [Place] = []
    for column in 0..<pattern.columns {
      for entry in pattern.columnStarts[column]..<pattern.columnStarts[column + 1] {
        let row = pattern.rowIndices[entry]
        if row == column { places.append(Place(index: entry)) }
        guard row > column, let mirror = pattern.place(row: column, column: row),
          let first = pattern.place(row: row, column: row),
          let second = pattern.place(row: column, column: column)
        else { continue }
        places.append(Place(index: entry, mirror: mirror, diagonals: [first, second]))
      }
    }
    self.init(
      name: name, numbers: matrix.values.array, places: places, isSemidefinite: true)
  }
}
