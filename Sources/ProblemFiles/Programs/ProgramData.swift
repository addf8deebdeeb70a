import LinearAlgebra

/// A datum as read, and where it stands.
struct Located<Value> {
  let value: Value
  let position: UnsafePointer<UInt8>
}

/// The data of one quadratic program, or those that a batch shares, as they stand in a file.
struct ProgramData {
  var Q: Located<Matrix>?
  var p: Located<Vector>?
  var G: Located<Matrix>?
  var h: Located<Vector>?
  var A: Located<Matrix>?
  var b: Located<Vector>?
  /// Where the object itself begins.
  var position: UnsafePointer<UInt8>

  init(position: UnsafePointer<UInt8>) {
    self.position = position
  }

  /// Reads the datum that comes next.
  mutating func read(
    _ datum: ProblemDatum, from reader: inout JSONReader
  ) throws(ProblemFileError) {
    let position = reader.position()
    switch datum {
    case .Q:
      let Q = try reader.readMatrix()
      if Q.rows > 0 { self.Q = Located(value: Q, position: position) }
    case .p: p = Located(value: try reader.readVector(), position: position)
    case .G: G = Located(value: try reader.readMatrix(), position: position)
    case .h: h = Located(value: try reader.readVector(absent: true), position: position)
    case .A: A = Located(value: try reader.readMatrix(), position: position)
    case .b: b = Located(value: try reader.readVector(), position: position)
    }
  }

  func position(of datum: ProblemDatum) -> UnsafePointer<UInt8>? {
    switch datum {
    case .Q: Q?.position
    case .p: p?.position
    case .G: G?.position
    case .h: h?.position
    case .A: A?.position
    case .b: b?.position
    }
  }
}

// MARK: - Shapes

/// The size of a quadratic program: problems of one shape can be a batch.
struct ProgramShape: Hashable {
  let variables: Int
  let inequalities: Int
  let equalities: Int
  let isLinear: Bool
}

/// A datum that does not fit the others.
struct ShapeMismatch: Error {
  let datum: ProblemDatum
  let reason: String
}

extension ProgramShape {
  /// Checks that the data fit together, the missing ones being taken from `shared`.
  init(_ own: ProgramData, shared: ProgramData?) throws(ShapeMismatch) {
    guard let p = (own.p ?? shared?.p)?.value else {
      throw ShapeMismatch(
        datum: .p, reason: "is missing; it is required and fixes the number of variables")
    }
    let n = p.count
    if n == 0 { throw ShapeMismatch(datum: .p, reason: "is empty; there must be a variable") }
    let Q = (own.Q ?? shared?.Q)?.value
    if let Q, Q.rows != n || Q.columns != n {
      throw ShapeMismatch(
        datum: .Q,
        reason: "has shape \(Q.shape), expected [\(n), \(n)] as p has \(n.counted("number"))")
    }
    variables = n
    isLinear = Q == nil
    inequalities = try Self.rows(
      (own.G ?? shared?.G)?.value, .G, (own.h ?? shared?.h)?.value, .h, variables: n)
    equalities = try Self.rows(
      (own.A ?? shared?.A)?.value, .A, (own.b ?? shared?.b)?.value, .b, variables: n)
  }

  private static func rows(
    _ matrix: Matrix?, _ matrixName: ProblemDatum, _ vector: Vector?, _ vectorName: ProblemDatum,
    variables n: Int
  ) throws(ShapeMismatch) -> Int {
    let rows = matrix?.rows ?? 0
    if let matrix, rows > 0, matrix.columns != n {
      throw ShapeMismatch(
        datum: matrixName,
        reason: "has shape \(matrix.shape), expected \(n.counted("column")) as p has "
          + n.counted("number"))
    }
    let count = vector?.count ?? 0
    guard count == rows else {
      if vector == nil {
        throw ShapeMismatch(
          datum: vectorName, reason: "is missing, but \(matrixName) has \(rows.counted("row"))")
      }
      if matrix == nil {
        throw ShapeMismatch(
          datum: matrixName, reason: "is missing, but \(vectorName) has \(count.counted("number"))")
      }
      throw ShapeMismatch(
        datum: vectorName,
        reason: "has \(count.counted("number")), but \(matrixName) has \(rows.counted("row"))")
    }
    return rows
  }
}

extension Matrix {
  var shape: String { "[\(rows), \(columns)]" }
}
