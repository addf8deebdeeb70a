import Argmin
import ConvexModeling
import Testing
import _TestSupport

/// Weighted squares in an objective are quadratic terms, whatever they are weighted by: no cones are made.
@Suite struct QuadraticObjectiveTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let values: [Tensor]
    let build: @Sendable () throws -> (problem: Problem, parameters: [Parameter], x: Variable)
    /// The minimizer over x ≥ -1, entry by entry.
    let expected: [Double]
  }

  static let c: [Double] = [1, 0.25, 3]
  /// The argmin of Σ wᵢ (xᵢ - tᵢ)² is t.
  static let target: [Double] = [0.5, -2, 1]

  static let cases: [Case] = [
    Case(
      testDescription: "dot with numbers", values: [],
      build: {
        let x = Variable(3, lower: -1)
        return (try Problem(.minimize(dot(c, square(x - target)))), [], x)
      }, expected: [0.5, -1, 1]),
    Case(
      testDescription: "sum of a product with numbers", values: [],
      build: {
        let x = Variable(3, lower: -1)
        let objective = sum(multiply(c, square(x - target))) / 4 + sum(x) * 0
        return (try Problem(.minimize(objective)), [], x)
      }, expected: [0.5, -1, 1]),
    Case(
      testDescription: "dot with parameters, within a sum", values: [Tensor([2, 1, 0.5])],
      build: {
        let x = Variable(3, lower: -1), p = Parameter(3, sign: .nonnegative)
        let objective = 3 * (dot(p, square(x - target)) + sumSquares(x - target) + 1)
        return (try Problem(.minimize(objective)), [p], x)
      }, expected: [0.5, -1, 1]),
    Case(
      testDescription: "a parameter times numbers", values: [Tensor(2)],
      build: {
        let x = Variable(3, lower: -1), p = Parameter(sign: .nonnegative)
        return (try Problem(.minimize(p * dot(c, square(x)) - 2 * p * dot(c, x))), [p], x)
      }, expected: [1, 1, 1]),
    Case(
      testDescription: "rows of a matrix", values: [],
      build: {
        let x = Variable(3, lower: -1)
        let weights: Matrix = [[1, 0, 2], [0, 3, 1]]
        return (try Problem(.minimize(sum(weights * square(x - target)))), [], x)
      }, expected: [0.5, -1, 1]),
    Case(
      testDescription: "entries and a mean", values: [],
      build: {
        let x = Variable(3, lower: -1)
        let squares = square(x - target)
        return (try Problem(.minimize(squares[0] + 2 * squares[1] + mean(squares))), [], x)
      }, expected: [0.5, -1, 1]),
    // 2 w (x - t) = 1 within the threshold, where the derivative of w huber is that.
    Case(
      testDescription: "huber with weights", values: [],
      build: {
        let x = Variable(3, lower: -10)
        let loss = dot(c, huber(x - target, threshold: 2.5))
        return (try Problem(.minimize(loss - sum(x))), [], x)
      }, expected: [1, 0, 1 + 1.0 / 6]),
    Case(
      testDescription: "dense rows, many of them", values: [Tensor([1, 2, 0.5, 0, 3, 1])],
      build: {
        let x = Variable(3, lower: -1), p = Parameter(6, sign: .nonnegative)
        let F = Matrix(rows: 6, columns: 3, elements: entries(18, 4))
        let shift = Vector(target)
        let objective =
          dot(p, square(F * x - F * shift))
          + dot([1, 2, 3, 4, 5, 6], square(F * x - F * shift))
        return (try Problem(.minimize(objective)) { x[1] >= -5 }, [p], x)
      }, expected: []),
  ]

  @Test(arguments: cases) func squaresMakeNoCones(of aCase: Case) throws {
    let (problem, parameters, x) = try aCase.build()
    #expect(problem.method == .denseQuadraticProgram)
    let answer = try problem.layer(parameters: parameters)(aCase.values)
    guard !aCase.expected.isEmpty else { return }
    #expect(
      isClose(answer[x].scalars, aCase.expected, absoluteTolerance: 1e-8).holds,
      "\(answer[x].scalars)")
  }

  /// The same answers where the squares are cones, in a constraint.
  @Test(arguments: cases) func answersAreThoseOfTheEpigraph(of aCase: Case) throws {
    let (problem, parameters, x) = try aCase.build()
    let direct = try problem.layer(parameters: parameters)(aCase.values)
    let t = Variable()
    let epigraph = try Problem(.minimize(t)) {
      problem.objective.expression <= t
      problem.constraints
    }
    let cones = try epigraph.layer(parameters: parameters)(aCase.values)
    #expect(
      isClose(direct[x].scalars, cones[x].scalars, absoluteTolerance: 1e-4).holds,
      "\(direct[x].scalars) \(cones[x].scalars)")
    #expect(
      isClose(direct.objective.item, cones.objective.item, absoluteTolerance: 1e-6).holds)
  }

  @Test func weightsHaveDerivatives() throws {
    // x = Σ wᵢ tᵢ / Σ wᵢ
    let x = Variable(), w = Parameter(3, sign: .nonnegative)
    let problem = try Problem(.minimize(dot(w, square(x - [1, 4, -2]))))
    #expect(problem.method == .denseQuadraticProgram)
    let layer = try problem.layer(parameters: [w])
    let slope = try gradient(at: Tensor([1, 2, 1])) { try layer($0)[x] }
    #expect(
      isClose(slope.scalars, [-0.75 / 4, 2.25 / 4, -3.75 / 4], absoluteTolerance: 1e-9).holds)
  }
}
