import Argmin
import ConvexModeling
import Foundation
import Testing
import _TestSupport

/// Geometric programs against CVXPY 1.9 with Clarabel at 1e-11, and their derivatives against differences.
@Suite struct GeometricProgramTests {
  @Test func largestBox() throws {
    let h = Variable(), w = Variable(), d = Variable()
    let problem = try Problem(.maximize(h * w * d), geometric: true) {
      2 * (h * w + h * d) <= 200
      w * d <= 100
      h / w >= 0.5
      h / w <= 2
      d / w >= 0.5
      d / w <= 2
    }
    let answer = try problem.solve()
    #expect(answer.status == .optimal)
    #expect(abs(answer.objective.item - 500) < 1e-6)
    #expect(abs(answer[h].item - 5) < 1e-6)
  }

  @Test func matricesAndNorms() throws {
    let x = Variable(3, lower: 0.2)
    let M = Matrix(rows: 3, columns: 3, elements: entries(9).map(abs))
    let problem = try Problem(
      .minimize(max(M * x) + sum(multiply(power(x, -1.5), [1, 2, 3]))), geometric: true
    ) {
      norm2(x) <= 2
      x[0] * power(x[1], 0.5) == x[2]
    }
    let answer = try problem.solve()
    #expect(abs(answer.objective.item - 7.68403761256711) < 1e-7)
    #expect(isClose(answer[x].scalars, [1.08082239, 1.19719819, 1.1825986]))
  }

  @Test func powerControl() throws {
    let G = entries(9, 1).map(abs)
    let P = Variable(3, lower: 0.1, upper: 2)
    var product: any ModelTerm = P[0] / P[0]
    for i in 0..<3 {
      var inverse = 0.1 / (G[3 * i + i] * P[i])
      for j in 0..<3 where j != i {
        inverse = inverse + G[3 * i + j] * P[j] / (G[3 * i + i] * P[i])
      }
      product = product.expression * (1 + inverse)
    }
    let answer = try Problem(.minimize(product.expression), geometric: true).solve()
    #expect(abs(answer.objective.item - 5.0416577751450635) < 1e-7)
    #expect(isClose(answer[P].scalars, [1.62743674, 2, 1.33924617]))
  }

  @Test func derivativesAndSensitivities() throws {
    let x = Variable(2), a = Parameter(2, sign: .nonnegative), p = Parameter(sign: .nonnegative)
    let budget = x[0] * x[1] <= p * p
    let problem = try Problem(.maximize(x[0] * power(x[1], 0.4)), geometric: true) {
      budget
      dot(a, x) <= 3
    }
    let layer = try problem.layer(parameters: [a, p])
    let point = [Tensor([0.7, 1.2]), Tensor(0.9)]
    func loss(_ values: [Tensor]) throws -> Tensor {
      let answer = try layer(values)
      return (answer[x] * Tensor([1, -0.5])).sum() + answer.objective
    }
    let reverse = try gradient(at: point) { try loss($0) }
    for (k, direction) in [Tensor([0.3, -1]), Tensor(1)].enumerated() {
      func moved(_ h: Double) throws -> Double {
        var values = point
        values[k] = values[k] + direction * h
        return try loss(values).item
      }
      let difference = (try moved(1e-5) - moved(-1e-5)) / 2e-5
      let slope = (reverse[k] * direction).sum().item
      #expect(abs(difference - slope) < 1e-6 * (1 + abs(slope)))
    }
    // The dual is the relative change of the optimal value per relative change of the right side.
    let answer = try layer(point)
    let p2 = try layer([point[0], point[1] * 1.00005]).objective.item
    let p1 = try layer([point[0], point[1] * 0.99995]).objective.item
    let relative = (p2 - p1) / answer.objective.item / 2e-4
    #expect(abs(relative - answer.dual(of: budget).item) < 1e-5)
  }

  @Test func violations() throws {
    let x = Variable(name: "x"), y = Variable(name: "y"), q = Parameter(name: "q")
    let error = #expect(throws: ModelError.self) {
      _ = try Problem(.minimize(x - y), geometric: true) {
        q * x <= 1
        x + y >= 1
        x + y == 2
        entropy(x) <= 1
      }
    }
    let reasons = error?.violations.map(\.reason) ?? []
    #expect(
      reasons == [
        "a difference is not log-log convex",
        "parameters must be positive: declare them with the sign .nonnegative",
        "must be log-log concave, such as a monomial, here",
        "must be a monomial here",
        "entropy has no rule for geometric programs",
      ])
  }

  /// Terms and sides that are zero whatever the variables are.
  @Test func zeroMonomials() throws {
    let x = Variable(2), y = Variable()
    let nothing = 0 * y
    let M: Matrix = [[1, 0], [0, 0]]
    let trivial = 0 * x <= [1, 2]
    let rows = M * x <= [3, 1]
    let problem = try Problem(.maximize(x[0] * x[1]), geometric: true) {
      x[0] + nothing + 0 * x[1] <= 2
      x[1] + 0 <= 5
      0 <= y
      trivial
      rows
      y * nothing + y == 1
    }
    let answer = try problem.solve()
    #expect(answer.status == .optimal)
    #expect(isClose(answer[x].scalars, [2, 5]) && isClose(answer[y].scalars, [1]))
    #expect(isClose(answer.dual(of: trivial).scalars, [0, 0]))
    #expect(isClose(answer.dual(of: rows).scalars, [0, 0]))
    let reasons = #expect(throws: ModelError.self) {
      _ = try Problem(.minimize(0 * x[0]), geometric: true) {
        x <= 0
        y * 0 == 1
        max(0 * x) <= y
        y <= -1
      }
    }?.violations.map(\.reason)
    #expect(
      reasons == [
        "is zero, which has no logarithm", "is zero, but must be positive here",
        "is zero, but must be positive here", "an argument of max is zero",
        "numbers must be positive",
      ])
  }

  /// min xᵖ + a / x at x = (a / p)^(1 / (p + 1)), with its derivative by the exponent.
  @Test func parametersAsExponents() throws {
    let x = Variable(), p = Parameter(), a = Parameter(sign: .nonnegative)
    let problem = try Problem(.minimize(power(x, p) + a / x), geometric: true)
    let layer = try problem.layer(parameters: [p, a])
    let exponents = [0.5, 2, 3.3]
    let answer = try layer(Tensor(exponents), Tensor([2.0, 2, 2]))
    let expected = exponents.map { Foundation.pow(2 / $0, 1 / ($0 + 1)) }
    #expect(isClose(answer[x].scalars, expected))
    let slope = try gradient(at: Tensor(2)) { try layer($0, Tensor(2))[x] }
    let h = 1e-6
    let difference =
      (Foundation.pow(2 / (2 + h), 1 / (3 + h)) - Foundation.pow(2 / (2 - h), 1 / (3 - h)))
      / (2 * h)
    #expect(isClose([slope.item], [difference]))
  }

  /// Exponents of either sign, one for each entry, and numbers for them.
  @Test func exponentsOfEntries() throws {
    let x = Variable(2), p = Parameter(2)
    let problem = try Problem(.minimize(sum(x)), geometric: true) { power(x, p) >= [4, 4] }
    #expect(isClose(try problem.solve([p: [2, 1]])[x].scalars, [2, 4]))
    let bounded = try Problem(.maximize(x[0] * x[1]), geometric: true) { power(x, p) >= [4, 4] }
    #expect(isClose(try bounded.solve([p: [-1, -2]])[x].scalars, [0.25, 0.5]))
    #expect(try bounded.solve([p: [1, -2]]).status == .dualInfeasible)
    let violations = #expect(throws: ModelError.self) {
      _ = try Problem(.minimize(sum(power(x, p))))
    }?.violations
    #expect(violations?.first?.reason.hasPrefix("the exponent") == true)
    #expect(throws: ModelError.self) {
      _ = try Problem(.minimize(x[0]), geometric: true) { power(x[0], x[1].expression) >= 1 }
    }
  }

  @Test func parameterThatIsZeroIsReported() throws {
    let x = Variable(), p = Parameter(sign: .nonnegative, name: "p")
    let problem = try Problem(.minimize(x), geometric: true) { x >= p }
    #expect(throws: ParameterError.undefined(expression: "log(p)", value: -.infinity)) {
      _ = try problem.solve([p: 0])
    }
  }

  private func isClose(_ a: [Double], _ b: [Double]) -> Bool {
    zip(a, b).allSatisfy { abs($0 - $1) < 1e-6 }
  }
}
