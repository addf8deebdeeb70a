import Argmin
import ConvexModeling
import Testing
import _TestSupport

/// What the rules accept, and what they say where they don't.
@Suite struct RuleTests {
  private func violations(
    _ objective: Objective, @ConstraintBuilder _ constraints: () -> [Constraint] = { [] }
  ) -> [ModelError.Violation] {
    do {
      _ = try Problem(objective, subjectTo: constraints)
      return []
    } catch { return error.violations }
  }

  @Test func curvatures() {
    let x = Variable(2, name: "x"), y = Variable(2, lower: 0, name: "y")
    let p = Parameter(sign: .nonnegative), q = Parameter()
    #expect((p * norm1(x)).curvature == .convex)
    #expect((-p * norm1(x)).curvature == .concave)
    #expect((q * norm1(x)).curvature == .unknown)
    #expect((q * x).curvature == .affine)
    #expect((q * q + 1 / p).curvature == .constant)
    #expect(square(norm2(x)).curvature == .convex)
    #expect(square(x + y).curvature == .convex)
    #expect(square(sqrt(y)).curvature == .unknown)
    #expect(exp(square(x)).curvature == .convex)
    #expect(log(sqrt(y)).curvature == .concave)
    #expect(inverse(sqrt(y)).curvature == .convex)
    #expect(sqrt(norm2(x)).curvature == .unknown)
    #expect((square(x) - sqrt(y)).curvature == .convex)
    #expect((square(x) + sqrt(y)).curvature == .unknown)
    #expect(norm2(x).sign == .nonnegative)
    #expect((-abs(x)).sign == .nonpositive)
    #expect((y + 1).sign == .nonnegative)
    #expect((x - x).sign == .unknown)
  }

  /// A scalar that is added to every entry of a matrix, where a multiple of the identity is likely meant.
  @Test func scalarsBesideSemidefiniteMatrices() throws {
    let l = Variable(name: "l"), X = Variable(2, 2, structure: .symmetric, name: "X")
    let p = Parameter(name: "p")
    let A: Matrix = [[2, 1], [1, 3]]
    let wrong = [
      (l - A).isSemidefinite, (A - l).isSemidefinite, (X + 2).isSemidefinite,
      (3 - X).isSemidefinite, (2 * (X - p)).isSemidefinite, (X - (p + X)).isSemidefinite,
    ]
    for constraint in wrong {
      let found = violations(.minimize(l + trace(X))) { constraint }
      #expect(found.count == 1 && found[0].reason.contains("to every entry"), "\(constraint)")
    }
    let right = [
      (l * Matrix.identity(2) - A).isSemidefinite,
      (0 - X).isSemidefinite, (X + Matrix([[2, 2], [2, 2]])).isSemidefinite, (p * X).isSemidefinite,
      (X / 2 - A).isSemidefinite, l.expression.reshaped(to: [1, 1]).isSemidefinite,
    ]
    for constraint in right {
      #expect(
        violations(.minimize(l + trace(X))) { constraint }.allSatisfy {
          !$0.reason.contains("to every entry")
        }, "\(constraint)")
    }
    // The largest eigenvalue.
    let problem = try Problem(.minimize(l)) { (l * Matrix.identity(2) - A).isSemidefinite }
    #expect(
      isClose(
        try problem.solve()[l].item, (5 + 5.0.squareRoot()) / 2, absoluteTolerance: 1e-7
      ).holds)
  }

  @Test func allViolationsAtOnce() {
    let x = Variable(2, name: "x"), X = Variable(3, 2, name: "X")
    let found = violations(.minimize(sqrt(sumSquares(x)))) {
      norm2(x) >= 1
      square(x) == 1
      x + X * [1, 2] == 0
      dot(x, x) <= 1
    }
    #expect(found.count == 5)
    #expect(
      found.map(\.description) == [
        "in the objective: sqrt(sumSquares(x)) (unknown): sqrt is concave and nondecreasing in "
          + "sumSquares(x), which must be concave or affine but is convex; did you mean norm2(...)?",
        "in constraint 0 (norm2(x) >= 1): (norm2(x) - 1) (convex): must be concave or affine here",
        "in constraint 1 (square(x) == 1): (square(x) - 1) (convex): must be affine here",
        "in constraint 2 (invalid(x, X * [1, 2]) == 0): invalid(x, X * [1, 2]) (unknown): +: the "
          + "shapes [2] of x and [3] of X * [1, 2] do not fit each other",
        "in constraint 3 (sum(x * x) <= 1): x * x (unknown): both factors depend on variables; "
          + "did you mean square(x)?",
      ])
  }

  @Test func suggestions() {
    let x = Variable(name: "x"), p = Parameter(name: "p")
    #expect(violations(.minimize(p * abs(x)))[0].suggestion == "declare the parameter with a sign")
    #expect(violations(.minimize(1 / x))[0].reason == "a denominator must be free of variables")
    #expect(violations(.maximize(square(x)))[0].reason == "must be concave or affine here")
    let v = Variable(2, name: "v")
    #expect(violations(.minimize(v))[0].suggestion == "did you mean sum(...)?")
    #expect(
      violations(.maximize(log(sum(exp(v)))))[0].suggestion == "did you mean logSumExp(...)?")
    #expect(violations(.minimize(0)) { v.isSemidefinite }.count == 1)
    let P = Parameter(2, 2, structure: .semidefinite, name: "P")
    #expect(violations(.minimize(sum(v))) { quadForm(v, P) <= 1 }.count == 1)
    #expect(violations(.minimize(quadForm(v, P))).isEmpty)
    #expect(violations(.minimize(quadForm(v, Matrix([[1, 0], [0, -1]])))).count == 1)
    #expect(violations(.minimize(sum(v[0..<3]))).count == 1)
  }

  @Test func methodsAreForced() {
    let x = Variable(2)
    #expect(throws: ModelError.self) {
      try Problem(.minimize(norm2(x)), method: .denseQuadraticProgram)
    }
    #expect(throws: Never.self) { try Problem(.minimize(norm1(x)), method: .coneProgram) }
  }
}
