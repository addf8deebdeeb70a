import ConvexSolvers
import Foundation
import LinearAlgebra
import OptimizationCore
import Testing
import _TestSupport

/// A cone program with an answer in closed form.
struct ConeCase: Sendable, CustomTestStringConvertible {
  let name: String
  var P: SparseMatrix?
  var c: Vector
  var A: SparseMatrix
  var b: Vector
  var cones: ConeProduct
  var x: Vector
  /// Parts of the dual that are known; NaN where it is not.
  var y: Vector?

  var testDescription: String { name }

  init(
    _ name: String, P: Matrix? = nil, c: Vector, A: Matrix, b: Vector, cones: ConeProduct,
    x: Vector, y: Vector? = nil
  ) {
    self.name = name
    self.P = P.map { SparseMatrix($0) }
    self.c = c
    self.A = SparseMatrix(A)
    self.b = b
    self.cones = cones
    self.x = x
    self.y = y
  }
}

/// One small problem for each cone, and the corner cases of the format.
@Suite struct ConeAnswerTests {
  static let e = exp(1.0)
  static let half = 0.5.squareRoot()

  static let linear = [
    ConeCase(
      "linear program", c: [-1, -1], A: [[1, 2], [3, 1], [-1, 0], [0, -1]], b: [4, 6, 0, 0],
      cones: ConeProduct(nonnegative: 4), x: [1.6, 1.2], y: [0.4, 0.2, 0, 0]),
    ConeCase(
      "quadratic program with an equality", P: [[2, 0], [0, 4]], c: [0, 0], A: [[1, 1]], b: [3],
      cones: ConeProduct(zero: 1), x: [2, 1], y: [-4]),
    ConeCase(
      "one variable", P: [[2]], c: [-2], A: [[1]], b: [0.25], cones: ConeProduct(nonnegative: 1),
      x: [0.25], y: [1.5]),
    ConeCase(
      "free rows do nothing", P: [[1]], c: [-3], A: [[5], [1]], b: [7, 2],
      cones: ConeProduct(free: 1, nonnegative: 1), x: [2], y: [0, 1]),
    ConeCase(
      "absent bounds", c: [1, 1], A: [[1, 1], [-1, 0], [0, -1], [1, 0]],
      b: [.infinity, -1, -2, 1e20], cones: ConeProduct(nonnegative: 4), x: [1, 2],
      y: [0, 1, 1, 0]),
    ConeCase(
      "all bounds absent", P: [[1, 0], [0, 1]], c: [-1, 2], A: [[1, 1], [1, 0]],
      b: [.infinity, 1e30], cones: ConeProduct(nonnegative: 2), x: [1, -2], y: [0, 0]),
    ConeCase(
      "rows of zeros", c: [1], A: [[0], [-1], [0]], b: [0, 1, 4],
      cones: ConeProduct(zero: 1, nonnegative: 2), x: [-1], y: [.nan, 1, 0]),
    ConeCase(
      "no rows", P: [[2, 1], [1, 2]], c: [-3, -3], A: Matrix(rows: 0, columns: 2), b: [],
      cones: ConeProduct(), x: [1, 1], y: []),
    ConeCase(
      "duplicate rows", c: [-1], A: [[1], [1], [2]], b: [2, 2, 4],
      cones: ConeProduct(nonnegative: 3), x: [2]),
    ConeCase(
      "dependent equalities", P: [[1, 0], [0, 1]], c: [0, 0], A: [[1, 1], [2, 2]], b: [2, 4],
      cones: ConeProduct(zero: 2), x: [1, 1]),
    ConeCase(
      "no variable in a cone", P: [[1]], c: [-1], A: [[0], [0], [0]], b: [2, 1, 1],
      cones: ConeProduct(secondOrder: [3]), x: [1], y: [0, 0, 0]),
  ]

  static let secondOrder = [
    // min x₁ + x₂ over the unit disc.
    ConeCase(
      "disc", c: [1, 1], A: [[0, 0], [-1, 0], [0, -1]], b: [1, 0, 0],
      cones: ConeProduct(secondOrder: [3]), x: [-half, -half], y: [2 * half, 1, 1]),
    // The distance of (3, 4) from the origin.
    ConeCase(
      "norm", c: [1], A: [[-1], [0], [0]], b: [0, 3, 4], cones: ConeProduct(secondOrder: [3]),
      x: [5], y: [1, -0.6, -0.8]),
    ConeCase(
      "cone of dimension one", c: [2], A: [[-1]], b: [3], cones: ConeProduct(secondOrder: [1]),
      x: [-3], y: [2]),
    // Projection of (2, 0, 0, 0, 0) on {‖x - (0, 1, 0, 0, 0)‖ ≤ 1}, a large cone.
    ConeCase(
      "projection on a ball", P: Matrix.identity(5), c: [-2, 0, 0, 0, 0],
      A: [
        [0, 0, 0, 0, 0], [-1, 0, 0, 0, 0], [0, -1, 0, 0, 0], [0, 0, -1, 0, 0], [0, 0, 0, -1, 0],
        [0, 0, 0, 0, -1],
      ], b: [1, 0, -1, 0, 0, 0], cones: ConeProduct(secondOrder: [6]),
      x: [2 / 5.0.squareRoot(), 1 - 1 / 5.0.squareRoot(), 0, 0, 0]),
  ]

  static let threeDimensional = [
    // min z, (x, y, z) in the exponential cone, x = 1, y = 2: z = 2 exp(1/2).
    ConeCase(
      "exponential", c: [0, 0, 1],
      A: [[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0], [0, 0, -1]],
      b: [1, 2, 0, 0, 0], cones: ConeProduct(zero: 2, exponential: 1), x: [1, 2, 2 * exp(0.5)]),
    // min w, (-1, 2, w) in the dual cone: w = exp(2 / -1) / e.
    ConeCase(
      "dual exponential", c: [1], A: [[0], [0], [-1]], b: [-1, 2, 0],
      cones: ConeProduct(dualExponential: 1), x: [exp(-3)]),
    // min -z, (2, 3, z) in the power cone.
    ConeCase(
      "power", c: [-1], A: [[0], [0], [-1]], b: [2, 3, 0], cones: ConeProduct(power: [0.3]),
      x: [pow(2, 0.3) * pow(3, 0.7)]),
    // The same for the dual: (2 / 0.3)^0.3 (3 / 0.7)^0.7.
    ConeCase(
      "dual power", c: [1], A: [[0], [0], [-1]], b: [2, 3, 0], cones: ConeProduct(power: [-0.3]),
      x: [-pow(2 / 0.3, 0.3) * pow(3 / 0.7, 0.7)]),
    // max √(uv), u + 3v ≤ 3.
    // With v = (3 - u) / 3 the product u (3 - u) / 3 is largest at u = 3/2.
    ConeCase(
      "geometric mean", c: [0, 0, -1],
      A: [[1, 3, 0], [-1, 0, 0], [0, -1, 0], [0, 0, -1]], b: [3, 0, 0, 0],
      cones: ConeProduct(nonnegative: 1, power: [0.5]), x: [1.5, 0.5, 0.75.squareRoot()]),
    // min x log x - with t ≥ x log x as (-t, x, 1) in the cone: x = 1/e.
    ConeCase(
      "entropy", c: [1, 0], A: [[1, 0], [0, -1], [0, 0]], b: [0, 0, 1],
      cones: ConeProduct(exponential: 1), x: [-1 / e, 1 / e]),
  ]

  static let semidefinite = [
    // The largest eigenvalue of [[2, 1], [1, 2]].
    ConeCase(
      "largest eigenvalue", c: [1], A: [[-1], [0], [-1]], b: [-2, -2.0.squareRoot(), -2],
      cones: ConeProduct(semidefinite: [2]), x: [3], y: [0.5, half, 0.5]),
    ConeCase(
      "order one", c: [1], A: [[-1]], b: [-2], cones: ConeProduct(semidefinite: [1]), x: [2],
      y: [1]),
    // Nearest correlation matrix to [[1, 2], [2, 1]]: the off-diagonal becomes 1.
    ConeCase(
      "nearest correlation matrix", P: [[2]], c: [-4], A: [[0], [-2.0.squareRoot()], [0]],
      b: [1, 0, 1], cones: ConeProduct(semidefinite: [2]), x: [1]),
  ]

  @Test(arguments: linear + secondOrder + threeDimensional + semidefinite)
  func closedForm(problem: ConeCase) throws {
    let program = try ConeProgram(
      P: problem.P, c: problem.c, A: problem.A, b: problem.b, cones: problem.cones)
    for polishes in [true, false] {
      var settings = ConeProgramSettings()
      settings.polishes = polishes
      let solution = try program.solve(settings: settings)
      try #require(solution.status == .optimal, "\(solution.status)")
      #expect(solution.residuals.largest <= (polishes ? 1e-9 : settings.relativeTolerance))
      #expect(program.optimalityError(x: solution.x, y: solution.y, s: solution.s) <= 2e-8)
      let tolerance = polishes ? 1e-8 : 1e-3
      #expect(isClose(solution.x, problem.x, absoluteTolerance: tolerance).holds)
      #expect(
        isClose(solution.objective, value(problem), absoluteTolerance: 1e-7).holds)
      for (found, known) in zip(solution.y, problem.y ?? []) where !known.isNaN {
        #expect(isClose(found, known, absoluteTolerance: tolerance).holds)
      }
      #expect(solution.ray == nil)
    }
  }

  private func value(_ problem: ConeCase) -> Double {
    let curvature = problem.P.map { 0.5 * problem.x.dot($0 * problem.x) } ?? 0
    return curvature + problem.c.dot(problem.x)
  }

  /// The relaxation of the maximum cut of a triangle, where it is 9/4: once as a matrix X with many
  /// variables, once as its dual with three.
  @Test func maximumCut() throws {
    // -tr(LX)/4 with L = 3I - 11'; X in svec coordinates, diagonal one.
    let weights = symmetricVector(3) { i, j in i == j ? -0.5 : 0.25 }
    var equalities = Matrix(rows: 3, columns: 6)
    for (row, column) in [0, 3, 5].enumerated() { equalities[row, column] = 1 }
    let matrix = try ConeProgram(
      c: Vector(weights), A: SparseMatrix(equalities.stacked(on: -1 * Matrix.identity(6))),
      b: [1, 1, 1, 0, 0, 0, 0, 0, 0], cones: ConeProduct(zero: 3, semidefinite: [3])
    ).solve()
    #expect(matrix.status == .optimal)
    #expect(isClose(matrix.objective, -2.25, relativeTolerance: 1e-9).holds)
    let expected = symmetricVector(3) { i, j in i == j ? 1 : -0.5 }
    #expect(isClose(matrix.x, expected, absoluteTolerance: 1e-7).holds)
    // min Σ y, Diag(y) - L/4 ⪰ 0.
    var diagonal = Matrix(rows: 6, columns: 3)
    for (column, row) in [0, 3, 5].enumerated() { diagonal[row, column] = -1 }
    let dual = try ConeProgram(
      c: [1, 1, 1], A: SparseMatrix(diagonal), b: Vector(weights),
      cones: ConeProduct(semidefinite: [3])
    ).solve()
    #expect(dual.status == .optimal)
    #expect(isClose(dual.x, [0.75, 0.75, 0.75], absoluteTolerance: 1e-8).holds)
    #expect(isClose(dual.y, expected, absoluteTolerance: 1e-7).holds)
  }

  /// Regularized logistic regression against Newton's method on the smooth problem.
  @Test func logisticRegression() throws {
    var random = SeededGenerator(seed: 4)
    let (count, n) = (12, 2)
    let samples = random.matrix(count, n)
    let labels = (0..<count).map { $0 % 3 == 0 ? -1.0 : 1.0 }
    // Variables w, t, u, v: log(1 + exp(z)) ≤ t as u + v ≤ 1 with (-t, 1, u) and (z - t, 1, v) in
    // the cone, z = -label w'sample.
    let variables = n + 3 * count
    var inequalities = Matrix(rows: count, columns: variables)
    var rows = Matrix(rows: 6 * count, columns: variables)
    var b = Vector(repeating: 1, count: count)
    var offsets = [Double](repeating: 0, count: 6 * count)
    for k in 0..<count {
      let (t, u, v) = (n + k, n + count + k, n + 2 * count + k)
      inequalities[k, u] = 1
      inequalities[k, v] = 1
      rows[6 * k, t] = 1
      rows[6 * k + 2, u] = -1
      for j in 0..<n { rows[6 * k + 3, j] = labels[k] * samples[k, j] }
      rows[6 * k + 3, t] = 1
      rows[6 * k + 5, v] = -1
      offsets[6 * k + 1] = 1
      offsets[6 * k + 4] = 1
    }
    b = Vector(b.map { $0 } + offsets)
    var P = Matrix(rows: variables, columns: variables)
    for j in 0..<n { P[j, j] = 0.2 }
    let c = Vector((0..<variables).map { $0 >= n && $0 < n + count ? 1 : 0 })
    let solution = try ConeProgram(
      P: SparseMatrix(P), c: c, A: SparseMatrix(inequalities.stacked(on: rows)), b: b,
      cones: ConeProduct(nonnegative: count, exponential: 2 * count)
    ).solve()
    #expect(solution.status == .optimal)

    var w = Vector.zeros(n)
    for _ in 0..<30 {
      var gradient = 0.2 * w
      var hessian = 0.2 * Matrix.identity(n)
      for k in 0..<count {
        let sample = samples.row(k)
        let probability = 1 / (1 + exp(labels[k] * w.dot(sample)))
        gradient.add(sample, scaledBy: -labels[k] * probability)
        for i in 0..<n {
          for j in 0..<n {
            hessian[i, j] += probability * (1 - probability) * sample[i] * sample[j]
          }
        }
      }
      w -= try LDLT(hessian).solve(gradient)
    }
    #expect(isClose(solution.x.prefix(n), w, absoluteTolerance: 1e-8).holds)
  }

  /// Zeros that the patterns store change nothing but have derivatives.
  @Test func explicitZeros() throws {
    let P = SparseMatrix(
      rows: 2, columns: 2, row: [0, 1, 0, 1], column: [0, 1, 1, 0], values: [2, 4, 0, 0])
    let A = SparseMatrix(rows: 1, columns: 2, row: [0, 0], column: [0, 1], values: [1, 0])
    let program = try ConeProgram(
      P: P, c: [-4, -4], A: A, b: [1], cones: ConeProduct(nonnegative: 1))
    let solution = try program.solve()
    #expect(isClose(solution.x, [1, 1], absoluteTolerance: 1e-9).holds)
    #expect(isClose(solution.y, [2], absoluteTolerance: 1e-9).holds)
    let gradient = try solution.vjp(x: [0, 1])
    #expect(gradient.certificate.kind == .exact)
    // x₂ = (4 - y A₁₂ - P₁₂ x₁) / 4, y = 4 - 2 x₁ - P₁₂ x₂, x₁ = 1 - A₁₂ x₂.
    #expect(isClose(gradient.A.values, [0, -0.5], absoluteTolerance: 1e-9).holds)
    let quadratic = try #require(gradient.P)
    #expect(isClose(quadratic[0, 1] + quadratic[1, 0], -0.25, absoluteTolerance: 1e-9).holds)
    #expect(isClose(quadratic[1, 1], -0.25, absoluteTolerance: 1e-9).holds)
  }
}
