import ConvexSolvers
import LinearAlgebra

/// The kinds of random quadratic programs that the tests sweep over.
package enum ProgramKind: String, CaseIterable, Sendable {
  case strictlyConvex, box, equalitiesOnly, unconstrained, semidefinite, linear, duplicatedRows
  case dependentEqualities, badlyScaled, absentBounds, degenerateVertex
}

/// The data of one random, feasible and bounded problem.
package struct RandomProgram: Sendable {
  package var Q: Matrix?
  package var p: Vector
  package var G: Matrix
  package var h: Vector
  package var A: Matrix
  package var b: Vector

  package init(_ kind: ProgramKind, seed: UInt64) {
    var random = SeededGenerator(
      seed: seed &* 31 &+ UInt64(ProgramKind.allCases.firstIndex(of: kind)!))
    let n = 1 + Int(random.next() % 12)
    var m = Int(random.next() % UInt64(2 * n + 1))
    var e = Int(random.next() % UInt64((n + 1) / 2 + 1))
    switch kind {
    case .equalitiesOnly: m = 0
    case .unconstrained: (m, e) = (0, 0)
    case .dependentEqualities: e = max(2, e)
    case .duplicatedRows: m = max(2, m)
    default: break
    }
    let center = random.vector(n)
    var rows = random.matrix(m, n)
    var equalities = random.matrix(e, n)
    switch kind {
    case .duplicatedRows:
      for j in 0..<n { rows[m - 1, j] = 2 * rows[0, j] }
    case .dependentEqualities:
      for j in 0..<n { equalities[e - 1, j] = -3 * equalities[0, j] }
    default: break
    }
    if [.box, .semidefinite, .linear, .degenerateVertex].contains(kind) {
      rows = rows.stacked(on: Matrix.identity(n)).stacked(on: -1 * Matrix.identity(n))
    }
    G = rows
    A = equalities
    var bounds = (rows * center)
    for i in 0..<bounds.count {
      // Some rows pass through the feasible point, so that all kinds of active sets occur.
      bounds[i] += kind == .degenerateVertex ? (i % 2 == 0 ? 0 : 1) : random.uniform()
    }
    if kind == .duplicatedRows { bounds[m - 1] = 2 * bounds[0] }
    if kind == .absentBounds {
      for i in 0..<bounds.count where i % 3 == 0 { bounds[i] = i % 2 == 0 ? .infinity : 1e20 }
    }
    h = bounds
    b = (equalities * center)
    p = random.vector(n)
    Q = kind == .linear ? nil : random.quadraticTerm(n, rank: kind == .semidefinite ? n / 2 : n)
    if kind == .badlyScaled { scale(&random) }
  }

  /// Multiplies variables and rows by factors between 1e-3 and 1e3.
  private mutating func scale(_ random: inout SeededGenerator) {
    let n = p.count
    func factors(_ count: Int) -> [Double] {
      (0..<count).map { _ in [1e-3, 1e-2, 1, 10, 1e3][Int(random.next() % 5)] }
    }
    let columns = factors(n)
    let inequalityFactors = factors(h.count)
    let equalityFactors = factors(b.count)
    for j in 0..<n {
      p[j] *= columns[j]
      for i in 0..<n { Q![i, j] *= columns[i] * columns[j] }
      for i in 0..<h.count { G[i, j] *= columns[j] * inequalityFactors[i] }
      for i in 0..<b.count { A[i, j] *= columns[j] * equalityFactors[i] }
    }
    for i in 0..<h.count { h[i] *= inequalityFactors[i] }
    for i in 0..<b.count { b[i] *= equalityFactors[i] }
  }

  package var program: QuadraticProgram {
    get throws { try QuadraticProgram(Q: Q, p: p, G: G, h: h, A: A, b: b) }
  }

  /// This plus `step` times a perturbation of the same shapes; absent bounds stay absent.
  package func moved(by step: Double, along change: RandomProgram) -> RandomProgram {
    var result = self
    for j in 0..<p.count { result.p[j] += step * change.p[j] }
    for i in 0..<h.count where h[i] < 1e20 { result.h[i] += step * change.h[i] }
    for i in 0..<b.count { result.b[i] += step * change.b[i] }
    result.G = G + step * change.G
    result.A = A + step * change.A
    if let Q, let dQ = change.Q { result.Q = Q + step * dQ }
    return result
  }

  /// A random perturbation of the data, relative to their size; Q keeps its null space.
  package func perturbation(seed: UInt64) -> RandomProgram {
    var random = SeededGenerator(seed: seed ^ 0xABCD)
    var change = self
    func relative(_ matrix: Matrix) -> Matrix {
      var result = matrix
      for i in 0..<matrix.rows {
        for j in 0..<matrix.columns { result[i, j] = random.normal() * abs(matrix[i, j]) }
      }
      return result
    }
    change.G = relative(G)
    change.A = relative(A)
    for j in 0..<p.count { change.p[j] = random.normal() * (abs(p[j]) + 1e-3) }
    for i in 0..<h.count { change.h[i] = h[i] < 1e20 ? random.normal() * (abs(h[i]) + 1e-3) : 0 }
    for i in 0..<b.count { change.b[i] = random.normal() * (abs(b[i]) + 1e-3) }
    if let Q {
      // The first-order change of (I + S) Q (I + S)ᵀ: any direction that keeps the rank.
      // S is relative to the sizes of the variables.
      var S = random.matrix(p.count, p.count)
      for i in 0..<p.count {
        for j in 0..<p.count {
          S[i, j] *= 0.3 * ((Q[i, i] + 1e-12) / (Q[j, j] + 1e-12)).squareRoot()
        }
      }
      change.Q = S * Q + (S * Q).transpose
    }
    return change
  }
}

extension SeededGenerator {
  package mutating func vector(_ count: Int) -> Vector {
    Vector((0..<count).map { _ in normal() })
  }

  package mutating func matrix(_ rows: Int, _ columns: Int) -> Matrix {
    Matrix(rows: rows, columns: columns, elements: (0..<rows * columns).map { _ in normal() })
  }

  /// A semidefinite matrix of the given rank; of full rank with least eigenvalue at least 0.1.
  package mutating func quadraticTerm(_ n: Int, rank: Int) -> Matrix {
    let factor = matrix(n, rank)
    var result = Matrix(rows: n, columns: n)
    for i in 0..<n {
      for j in 0...i {
        var sum = i == j && rank == n ? 0.1 : 0
        for k in 0..<rank { sum += factor[i, k] * factor[j, k] }
        result[i, j] = sum
        result[j, i] = sum
      }
    }
    return result
  }
}

extension Matrix {
  package func stacked(on lower: Matrix) -> Matrix {
    Matrix(rows: rows + lower.rows, columns: lower.columns, elements: array + lower.array)
  }

  /// The sum of the products of the elements.
  package func inner(_ other: Matrix) -> Double {
    zip(array, other.array).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
