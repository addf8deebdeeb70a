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

extension ProblemGroup {
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
