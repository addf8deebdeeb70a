import Argmin
import ArgminExperiments
import ProblemFiles

/// One entry of a datum of a quadratic program; for Q one of the lower triangle, moved together with
/// its mirror image.
struct DatumEntry {
  let datum: ProblemDatum
  let row: Int
  /// 0 in a vector.
  let column: Int
  /// The value in the problem.
  let value: Double
  /// The step of a difference is this times the relative step: the size of the entry, or of the
  /// datum if the entry is small.
  let scale: Double

  /// The perturbation of the data that moves the entry by one.
  func direction(in program: QuadraticProgram) -> Perturbation {
    let n = program.variables
    func matrix(rows: Int) -> Matrix {
      var matrix = Matrix(rows: rows, columns: n)
      matrix[row, column] = 1
      if datum == .Q { matrix[column, row] = 1 }
      return matrix
    }
    func vector(_ count: Int) -> Vector {
      var vector = Vector.zeros(count)
      vector[row] = 1
      return vector
    }
    return switch datum {
    case .Q: Perturbation(Q: matrix(rows: n))
    case .p: Perturbation(p: vector(n))
    case .G: Perturbation(G: matrix(rows: program.inequalities))
    case .h: Perturbation(h: vector(program.inequalities))
    case .A: Perturbation(A: matrix(rows: program.equalities))
    case .b: Perturbation(b: vector(program.equalities))
    }
  }
}

/// The entries of a datum that are checked: all of them, or half of them those with the largest
/// derivatives and half at random.
struct EntrySample {
  let datum: ProblemDatum
  /// The number of entries that could be checked.
  let total: Int
  let entries: [DatumEntry]

  init(
    _ datum: ProblemDatum, of program: QuadraticProgram, gradient: QuadraticProgramGradient,
    count: Int, generator: inout SeededGenerator
  ) {
    self.datum = datum
    var places: [(row: Int, column: Int)] = []
    let array = program.elements(of: datum)
    let columns = array.columns
    for row in 0..<array.rows {
      for column in 0..<(datum == .Q ? row + 1 : columns) {
        // An absent bound has no derivative.
        if datum == .h && !(array.elements[row] < 1e20) { continue }
        places.append((row, column))
      }
    }
    total = places.count
    if places.count > count {
      let bySize = places.indices.sorted {
        abs(gradient.element(datum, places[$0].row, places[$0].column))
          > abs(gradient.element(datum, places[$1].row, places[$1].column))
      }
      let rest = Array(bySize.dropFirst(count / 2))
      let random = generator.permutation(rest.count).prefix(count - count / 2).map { rest[$0] }
      places = (bySize.prefix(count / 2) + random).sorted().map { places[$0] }
    }
    let largest = array.elements.lazy.filter { abs($0) < 1e20 }.reduce(0) { max($0, abs($1)) }
    entries = places.map { row, column in
      let value = array.elements[row * columns + column]
      let scale = max(abs(value), 0.01 * largest)
      return DatumEntry(
        datum: datum, row: row, column: column, value: value, scale: scale > 0 ? scale : 1)
    }
  }
}

// MARK: - Data by name

/// A datum as a table of numbers; a vector is one column.
struct DatumArray {
  let rows: Int
  let columns: Int
  let elements: [Double]

  init(_ matrix: Matrix) {
    rows = matrix.rows
    columns = matrix.columns
    elements = matrix.array
  }

  init(_ vector: Vector) {
    rows = vector.count
    columns = 1
    elements = vector.array
  }
}

extension QuadraticProgram {
  func elements(of datum: ProblemDatum) -> DatumArray {
    switch datum {
    case .Q: DatumArray(Q)
    case .p: DatumArray(p)
    case .G: DatumArray(G)
    case .h: DatumArray(h)
    case .A: DatumArray(A)
    case .b: DatumArray(b)
    }
  }
}

extension QuadraticProgramGradient {
  /// The gradient with respect to one element of a datum.
  func element(_ datum: ProblemDatum, _ row: Int, _ column: Int) -> Double {
    switch datum {
    case .Q: Q[row, column]
    case .p: p[row]
    case .G: G[row, column]
    case .h: h[row]
    case .A: A[row, column]
    case .b: b[row]
    }
  }

  /// The derivative as an entry moves; of Q its mirror image moves too.
  func derivative(along entry: DatumEntry) -> Double {
    let element = element(entry.datum, entry.row, entry.column)
    return entry.datum == .Q && entry.row != entry.column ? 2 * element : element
  }

  /// The largest element with respect to a datum.
  func largest(_ datum: ProblemDatum) -> Double {
    let array =
      switch datum {
      case .Q: DatumArray(Q)
      case .p: DatumArray(p)
      case .G: DatumArray(G)
      case .h: DatumArray(h)
      case .A: DatumArray(A)
      case .b: DatumArray(b)
      }
    return array.elements.reduce(0) { $1.isNaN ? $0 : max($0, abs($1)) }
  }
}
