import ConvexSolvers
import LinearAlgebra

extension ProblemFile {
  /// Writes the canonical problem JSON: x, duals and gradients refer to it, and reading it gives the
  /// same problems bit for bit. Data that the problems of a batch share are written with each.
  ///
  /// A linear program has no `Q`; the other data are all written, an absent bound as null.
  public func write(to json: inout JSONWriter) {
    guard isBatch else {
      groups[0].write(0, to: &json)
      return
    }
    json.object { json in
      json.write("batch", for: "kind")
      json.list(for: "problems") { json in
        for index in 0..<count {
          let (group, item) = location(of: index)
          groups[group].write(item, to: &json)
        }
      }
    }
  }
}

extension QuadraticProgram {
  /// Writes the problem as JSON of kind qp.
  public func write(to json: inout JSONWriter) {
    json.object { json in
      json.write("qp", for: "kind")
      json.write(Q, for: "Q")
      json.write(p, for: "p")
      json.write(G, for: "G")
      json.write(h, for: "h")
      json.write(A, for: "A")
      json.write(b, for: "b")
    }
  }
}

extension ConeProgram {
  /// Writes the problem as JSON of kind cone.
  public func write(to json: inout JSONWriter) {
    write(orderOfP: .pattern, orderOfA: .pattern, to: &json)
  }

  fileprivate func write(
    orderOfP: EntryOrder, orderOfA: EntryOrder, to json: inout JSONWriter
  ) {
    json.object { json in
      json.write("cone", for: "kind")
      if let P { json.write(P, order: orderOfP, for: "P") }
      json.write(c, for: "c")
      json.write(A, order: orderOfA, for: "A")
      json.write(b, for: "b")
      json.object(for: "cone", .inline) { json in
        json.write(cones.zero, for: "z")
        json.write(cones.free, for: "f")
        json.write(cones.nonnegative, for: "l")
        json.write(cones.secondOrder, for: "q")
        json.write(cones.semidefinite, for: "s")
        json.write(cones.exponential, for: "ep")
        json.write(cones.dualExponential, for: "ed")
        json.write(cones.power, for: "p")
      }
    }
  }
}

extension JSONWriter {
  /// Writes a sparse matrix as an object with its shape and its entries, column by column.
  public mutating func write(_ matrix: SparseMatrix, for key: String? = nil) {
    write(matrix, order: .pattern, for: key)
  }

  /// Writes the entries in this order; of entries at one place the first has the whole value.
  fileprivate mutating func write(_ matrix: SparseMatrix, order: EntryOrder, for key: String?) {
    let pattern = matrix.pattern
    var column = [Int](repeating: 0, count: pattern.entries)
    for index in 0..<pattern.columns {
      for entry in pattern.columnStarts[index]..<pattern.columnStarts[index + 1] {
        column[entry] = index
      }
    }
    var row = pattern.rowIndices
    var values = matrix.values
    if case .listed(let places) = order {
      row = places.map { pattern.rowIndices[$0] }
      column = places.map { column[$0] }
      var isWritten = [Bool](repeating: false, count: pattern.entries)
      values = Vector(
        places.map { place in
          defer { isWritten[place] = true }
          return isWritten[place] ? 0 : matrix.values[place]
        })
    }
    object(for: key) { json in
      json.write(matrix.rows, for: "rows")
      json.write(matrix.columns, for: "columns")
      json.write(row, for: "row")
      json.write(column, for: "col")
      json.write(values, for: "val")
    }
  }
}

extension ProblemGroup {
  fileprivate func write(_ item: Int, to json: inout JSONWriter) {
    switch self {
    case .quadratic(let group): group.write(item, to: &json)
    case .cone(let group):
      group.batch[item].write(orderOfP: group.orderOfP, orderOfA: group.orderOfA, to: &json)
    }
  }
}

extension QuadraticGroup {
  fileprivate func write(_ item: Int, to json: inout JSONWriter) {
    json.object { json in
      json.write("qp", for: "kind")
      for datum in ProblemDatum.allCases { write(datum, item, to: &json) }
    }
  }

  fileprivate func write(_ datum: ProblemDatum, _ item: Int, to json: inout JSONWriter) {
    switch datum {
    case .Q: if !isLinear { json.write(batch.Q.matrix(item), for: "Q") }
    case .p: json.write(batch.p.vector(item), for: "p")
    case .G: json.write(batch.G.matrix(item), for: "G")
    case .h: json.write(batch.h.vector(item), for: "h")
    case .A: json.write(batch.A.matrix(item), for: "A")
    case .b: json.write(batch.b.vector(item), for: "b")
    }
  }
}
