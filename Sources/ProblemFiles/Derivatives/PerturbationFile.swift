import ConvexSolvers
import LinearAlgebra

/// A perturbation of the data of one problem; nil parts are zero.
public struct Perturbation: Sendable {
  /// Shape `[n, n]`, symmetric.
  public var Q: Matrix?
  /// Shape `[n]`.
  public var p: Vector?
  /// Shape `[m, n]`.
  public var G: Matrix?
  /// Shape `[m]`.
  public var h: Vector?
  /// Shape `[e, n]`.
  public var A: Matrix?
  /// Shape `[e]`.
  public var b: Vector?

  public init(
    Q: Matrix? = nil, p: Vector? = nil, G: Matrix? = nil, h: Vector? = nil, A: Matrix? = nil,
    b: Vector? = nil
  ) {
    self.Q = Q
    self.p = p
    self.G = G
    self.h = h
    self.A = A
    self.b = b
  }
}

/// A perturbation of the data of one cone program; nil parts are zero. Sparse matrices are given by
/// their entries in the order of the pattern.
public struct ConePerturbation: Sendable {
  public var P: Vector?
  /// Shape `[n]`.
  public var c: Vector?
  public var A: Vector?
  /// Shape `[m]`.
  public var b: Vector?

  public init(P: Vector? = nil, c: Vector? = nil, A: Vector? = nil, b: Vector? = nil) {
    self.P = P
    self.c = c
    self.A = A
    self.b = b
  }
}

/// The perturbation of a problem, of its own kind.
public enum ProblemPerturbation: Sendable {
  case quadratic(Perturbation)
  case cone(ConePerturbation)
}

/// The perturbations of the problems of a file: an object with the keys of the problem's data for a
/// single problem, a list with null for none for a batch.
///
/// For a sparse matrix of a cone program a list in the order of its `val`. For a quadratic program that
/// is kept sparse (`ConeGroup.isQuadraticProgram`) the keys of a qp, matrices whole or as
/// `{"rows": .., "columns": .., "row": [..], "col": [..], "val": [..]}`, at places that have an entry.
public struct PerturbationFile: Sendable {
  /// One per problem of the file; nil where the list has null.
  public let items: [ProblemPerturbation?]

  /// Reads the file and checks its shapes against those of the problems.
  ///
  /// - Throws: `ProblemFileError`.
  public init(path: String, for problems: ProblemFile) throws(ProblemFileError) {
    self = try PerturbationFile(TextBytes.reading(path: path), for: problems)
  }

  /// Reads the bytes of a perturbation file that has been loaded already.
  public init(
    bytes: some Collection<UInt8>, name: String, for problems: ProblemFile
  ) throws(ProblemFileError) {
    self = try PerturbationFile(TextBytes(name: name, copying: bytes), for: problems)
  }

  private init(_ text: TextBytes, for problems: ProblemFile) throws(ProblemFileError) {
    var reader = JSONReader(text)
    items = try withExtendedLifetime(text) { () throws(ProblemFileError) in
      try reader.readPerProblem(problems, "a perturbation") {
        (reader, group) throws(ProblemFileError) in
        switch group {
        case .quadratic(let group):
          return .quadratic(try reader.readPerturbation(of: group.batch))
        case .cone(let group): return .cone(try reader.readConePerturbation(of: group))
        }
      }
    }
  }

  /// The perturbations for the batch of a group; a part that no item has is nil, otherwise the items
  /// that lack it have zeros.
  public func batched(for group: QuadraticGroup) -> QuadraticProgramPerturbation {
    let own = group.indices.map { index -> Perturbation? in
      guard case .quadratic(let item) = items[index] else { return nil }
      return item
    }
    let n = group.batch.variables
    let m = group.batch.inequalities
    let e = group.batch.equalities
    return QuadraticProgramPerturbation(
      Q: BatchedMatrix(own.map { $0?.Q }, rows: n, columns: n),
      p: BatchedVector(own.map { $0?.p }, count: n),
      G: BatchedMatrix(own.map { $0?.G }, rows: m, columns: n),
      h: BatchedVector(own.map { $0?.h }, count: m),
      A: BatchedMatrix(own.map { $0?.A }, rows: e, columns: n),
      b: BatchedVector(own.map { $0?.b }, count: e))
  }
}

// MARK: - Reading

extension JSONReader {
  fileprivate mutating func readPerturbation(
    of batch: QuadraticProgramBatch
  ) throws(ProblemFileError) -> Perturbation {
    let n = batch.variables
    let m = batch.inequalities
    let e = batch.equalities
    var result = Perturbation()
    try readObject("a perturbation (an object)") { (reader, key) throws(ProblemFileError) in
      guard let datum = ProblemDatum(rawValue: key) else {
        throw reader.malformed("unknown key; a perturbation has Q, p, G, h, A and b")
      }
      switch datum {
      case .Q: result.Q = try reader.readSymmetric(size: n)
      case .p: result.p = try reader.readVector(count: n, "variable")
      case .G: result.G = try reader.readMatrix(rows: m, columns: n)
      case .h: result.h = try reader.readVector(count: m, "inequality")
      case .A: result.A = try reader.readMatrix(rows: e, columns: n)
      case .b: result.b = try reader.readVector(count: e, "equality")
      }
    }
    return result
  }

  /// Reads a matrix whose shape is known.
  mutating func readMatrix(
    rows: Int, columns: Int
  ) throws(ProblemFileError) -> Matrix {
    let place = position()
    let matrix = try readMatrix()
    if rows == 0 && matrix.rows == 0 { return Matrix(rows: 0, columns: columns) }
    guard matrix.rows == rows && matrix.columns == columns else {
      throw error(
        .invalid, at: place, "has shape \(matrix.shape), expected [\(rows), \(columns)]")
    }
    return matrix
  }

  mutating func readSymmetric(size: Int) throws(ProblemFileError) -> Matrix {
    let place = position()
    let matrix = try readMatrix(rows: size, columns: size)
    if let (row, column) = matrix.firstAsymmetry() {
      throw error(
        .invalid, at: place,
        "is not symmetric: [\(row), \(column)] is \(matrix[row, column]), "
          + "[\(column), \(row)] is \(matrix[column, row])")
    }
    return matrix
  }
}

extension Matrix {
  /// The first place below the diagonal whose number differs from its mirror image by more than
  /// rounding, relative to the largest element.
  func firstAsymmetry(relativeTolerance: Double = 1e-9) -> (row: Int, column: Int)? {
    withUnsafeBufferPointer { elements in
      let largest = elements.reduce(0) { max($0, $1.magnitude) }
      for row in 0..<rows {
        for column in 0..<row {
          let below = elements[row * columns + column]
          let above = elements[column * columns + row]
          if (below - above).magnitude > relativeTolerance * largest { return (row, column) }
        }
      }
      return nil
    }
  }
}

extension BatchedMatrix {
  /// One matrix per item, zeros for those that have none; nil if no item has one.
  init?(_ matrices: [Matrix?], rows: Int, columns: Int) {
    guard matrices.contains(where: { $0 != nil }) else { return nil }
    self.init(
      matrices.map { $0 ?? Matrix(rows: rows, columns: columns) }, rows: rows, columns: columns)
  }
}
