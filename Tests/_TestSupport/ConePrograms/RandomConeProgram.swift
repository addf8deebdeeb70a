import ConvexSolvers
import LinearAlgebra

/// A random cone program made from a known primal and dual solution, which are strictly complementary.
package struct RandomConeProgram: Sendable {
  package var P: SparseMatrix?
  package var c: Vector
  package var A: SparseMatrix
  package var b: Vector
  package let cones: ConeProduct
  package let x: Vector
  package let y: Vector
  package let s: Vector

  package init(_ kind: ConeKind, seed: UInt64) {
    var random = SeededGenerator(
      seed: seed &* 37 &+ UInt64(ConeKind.allCases.firstIndex(of: kind)!))
    let cones = kind.cones(&random)
    var s: [Double] = []
    var y: [Double] = []
    for cone in cones.cones {
      let pair = ComplementaryPair(cone, &random)
      s += pair.s
      y += pair.y
    }
    self.init(cones: cones, s: Vector(s), y: Vector(y), &random)
  }

  /// Random P, A and x, with b and c such that the given slack and dual are optimal.
  package init(
    cones: ConeProduct, s: Vector, y: Vector, variables: Int? = nil, quadraticRank: Int? = nil,
    _ random: inout SeededGenerator
  ) {
    let m = cones.rows
    let n = variables ?? 1 + random.below(max(1, m))
    var rows = Matrix(rows: m, columns: n)
    for i in 0..<m {
      for j in 0..<n where random.uniform() < 0.6 { rows[i, j] = random.normal() }
    }
    self.init(
      P: random.sparseQuadraticTerm(n, rank: quadraticRank), A: SparseMatrix(rows), cones: cones,
      x: random.vector(n), s: s, y: y)
  }

  /// b and c such that the given points are optimal.
  package init(
    P: SparseMatrix?, A: SparseMatrix, cones: ConeProduct, x: Vector, s: Vector, y: Vector
  ) {
    let Ax = A * x
    let Aty = A.transposeTimes(y)
    let Px = P.map { $0 * x } ?? Vector.zeros(x.count)
    self.P = P
    self.A = A
    self.cones = cones
    (self.x, self.s, self.y) = (x, s, y)
    b = Vector(Ax.indices.map { Ax[$0] + s[$0] })
    c = Vector(Px.indices.map { -Px[$0] - Aty[$0] })
  }

  package var program: ConeProgram {
    get throws { try ConeProgram(P: P, c: c, A: A, b: b, cones: cones) }
  }

  /// A random perturbation of all data; P stays positive semidefinite and keeps its rank.
  package func perturbation(_ random: inout SeededGenerator) -> ConeProgramChange {
    var change = ConeProgramChange(
      c: random.vector(c.count), A: random.vector(A.pattern.entries), b: random.vector(b.count))
    if let P {
      let S = 0.3 * random.matrix(P.rows, P.rows)
      let product = S * P.dense
      change.congruence = S
      change.P = Vector(P.entries.map { i, j in product[i, j] + product[j, i] })
    }
    return change
  }

  /// The data plus `step` times a perturbation; P on a curve of semidefinite matrices with that tangent,
  /// (I + tS) P (I + tS)ᵀ.
  package func moved(by step: Double, along change: ConeProgramChange) throws -> ConeProgram {
    func sum(_ a: Vector, _ b: Vector) -> Vector {
      Vector(zip(a, b).map { $0 + step * $1 })
    }
    let movedP = P.flatMap { P in
      change.congruence.map { S in
        let factor = Matrix.identity(P.rows) + step * S
        let moved = factor * P.dense * factor.transpose
        return Vector(P.entries.map { i, j in (moved[i, j] + moved[j, i]) / 2 })
      }
    }
    return try program.updating(
      P: movedP, c: sum(c, change.c),
      A: sum(A.values, change.A), b: sum(b, change.b))
  }
}

/// A change of all data of a cone program, on its patterns.
package struct ConeProgramChange: Sendable {
  package var P: Vector?
  /// S, with SP + PSᵀ the change of P.
  package var congruence: Matrix?
  package var c: Vector
  package var A: Vector
  package var b: Vector

  package var perturbation: ConeProgramPerturbation {
    ConeProgramPerturbation(
      P: P.map(BatchedVector.init(shared:)), c: BatchedVector(shared: c),
      A: BatchedVector(shared: A), b: BatchedVector(shared: b))
  }

  /// The inner product with a gradient.
  package func inner(_ gradient: ConeProgramGradient) -> Double {
    var sum = gradient.c.dot(c) + gradient.A.values.dot(A) + gradient.b.dot(b)
    if let P, let other = gradient.P { sum += other.values.dot(P) }
    return sum
  }
}

extension SparseMatrix {
  /// Row and column of each stored entry, in the order of the pattern.
  package var entries: [(row: Int, column: Int)] {
    (0..<columns).flatMap { column in
      (pattern.columnStarts[column]..<pattern.columnStarts[column + 1]).map {
        (pattern.rowIndices[$0], column)
      }
    }
  }
}

extension SeededGenerator {
  /// A semidefinite matrix with all entries stored; nil (no quadratic term) now and then if the rank is
  /// left out, and for rank 0.
  package mutating func sparseQuadraticTerm(_ n: Int, rank: Int? = nil) -> SparseMatrix? {
    let isPresent = uniform() < 0.7
    let rank = rank ?? (isPresent ? 1 + below(n) : 0)
    return rank == 0 ? nil : SparseMatrix(quadraticTerm(n, rank: rank))
  }
}
