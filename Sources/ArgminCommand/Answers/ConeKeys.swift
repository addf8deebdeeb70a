import Argmin
import ProblemFiles

/// The names under which the parts of a cone program's answer stand: those of a cone program, or those of
/// the quadratic program that it is.
struct ConeKeys {
  private let isQuadraticProgram: Bool
  private let equalities: Int
  private let orderOfP: EntryOrder
  private let orderOfA: EntryOrder

  init(_ group: ConeGroup) {
    isQuadraticProgram = group.isQuadraticProgram
    equalities = group.batch.cones.zero
    orderOfP = group.orderOfP
    orderOfA = group.orderOfA
  }

  /// y, or lambda and nu.
  func dual(_ y: Vector) -> [NamedVector] {
    guard isQuadraticProgram else { return [NamedVector(name: "y", values: y)] }
    let (nu, lambda) = split(y)
    return [NamedVector(name: "lambda", values: lambda), NamedVector(name: "nu", values: nu)]
  }

  /// s, which the answer to a quadratic program leaves out.
  func slack(_ s: Vector) -> [NamedVector] {
    isQuadraticProgram ? [] : [NamedVector(name: "s", values: s)]
  }

  private func split(_ rows: Vector) -> (equalities: Vector, inequalities: Vector) {
    let array = rows.array
    return (Vector(Array(array[..<equalities])), Vector(Array(array[equalities...])))
  }

  // MARK: - Derivatives

  func gradient(
    P: SparseMatrix?, c: Vector, A: SparseMatrix, b: Vector, certificate: DerivativeCertificate
  ) -> DataGradient {
    guard isQuadraticProgram else {
      var data: [DataGradient.Part] = []
      if let P { data.append(.init(name: "P", value: .entries(orderOfP.listing(P.values)))) }
      data.append(.init(name: "c", value: .vector(c)))
      data.append(.init(name: "A", value: .entries(orderOfA.listing(A.values))))
      data.append(.init(name: "b", value: .vector(b)))
      return DataGradient(data: data, certificate: certificate)
    }
    let (upper, lower) = A.split(after: equalities)
    let (limits, bounds) = split(b)
    let Q = P ?? .zeros(rows: c.count, columns: c.count)
    return DataGradient(
      data: [
        .init(name: "Q", value: .sparse(Q)), .init(name: "p", value: .vector(c)),
        .init(name: "G", value: .sparse(lower)), .init(name: "h", value: .vector(bounds)),
        .init(name: "A", value: .sparse(upper)), .init(name: "b", value: .vector(limits)),
      ], certificate: self.certificate(certificate))
  }

  func tangent(
    x: Vector, y: Vector, s: Vector, certificate: DerivativeCertificate
  ) -> SolutionTangent {
    SolutionTangent(
      parts: [NamedVector(name: "x", values: x)] + dual(y) + slack(s),
      certificate: self.certificate(certificate))
  }

  /// Weakly active rows of a quadratic program are counted among its inequalities.
  private func certificate(_ certificate: DerivativeCertificate) -> DerivativeCertificate {
    guard isQuadraticProgram else { return certificate }
    var result = certificate
    result.weaklyActive = result.weaklyActive.map { $0 - equalities }
    return result
  }
}

extension SparseMatrix {
  /// The first rows and the others.
  fileprivate func split(after count: Int) -> (upper: SparseMatrix, lower: SparseMatrix) {
    var row: (upper: [Int], lower: [Int]) = ([], [])
    var column: (upper: [Int], lower: [Int]) = ([], [])
    var value: (upper: [Double], lower: [Double]) = ([], [])
    for j in 0..<columns {
      for entry in pattern.columnStarts[j]..<pattern.columnStarts[j + 1] {
        let i = pattern.rowIndices[entry]
        if i < count {
          row.upper.append(i)
          column.upper.append(j)
          value.upper.append(values[entry])
        } else {
          row.lower.append(i - count)
          column.lower.append(j)
          value.lower.append(values[entry])
        }
      }
    }
    return (
      SparseMatrix(
        rows: count, columns: columns, row: row.upper, column: column.upper, values: value.upper),
      SparseMatrix(
        rows: rows - count, columns: columns, row: row.lower, column: column.lower,
        values: value.lower)
    )
  }
}
