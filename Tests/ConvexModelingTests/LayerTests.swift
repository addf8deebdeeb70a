import Argmin
import ConvexModeling
import Testing
import _TestSupport

/// Problems with parameters: derivatives against differences, batches, unsolved items.
@Suite struct LayerTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let values: [Tensor]
    let build: @Sendable () throws -> (ProblemLayer, Variable)
  }

  static let cases: [Case] = [
    Case(
      testDescription: "lasso with weight and center", values: [Tensor(0.7), Tensor(entries(3, 9))]
    ) {
      let x = Variable(3)
      let weight = Parameter(sign: .nonnegative), center = Parameter(3)
      let problem = try Problem(
        .minimize(sumSquares(A * x - b) + weight * norm1(x - center)))
      return (try problem.layer(parameters: [weight, center]), x)
    },
    Case(
      testDescription: "support vector machine with all data as parameters",
      values: [Tensor(2), Tensor(labels), Tensor(entries(18), shape: [6, 3])]
    ) {
      let w = Variable(3)
      let C = Parameter(sign: .nonnegative), y = Parameter(6), X = Parameter(6, 3)
      let problem = try Problem(
        .minimize(0.5 * sumSquares(w) + C * sum(pos(1 - y * (X * w)))))
      return (try problem.layer(parameters: [C, y, X]), w)
    },
    Case(
      testDescription: "portfolio with a matrix parameter",
      values: [Tensor(mu), Tensor(1.5), covarianceValues]
    ) {
      let w = Variable(4)
      let returns = Parameter(4), aversion = Parameter(sign: .nonnegative)
      let risk = Parameter(4, 4, structure: .semidefinite)
      let problem = try Problem(.maximize(dot(returns, w) - aversion * quadForm(w, risk))) {
        sum(w) == 1
        w >= 0
      }
      return (try problem.layer(parameters: [returns, aversion, risk]), w)
    },
    Case(
      testDescription: "logistic regression",
      values: [Tensor(0.1), Tensor(entries(18), shape: [6, 3])]
    ) {
      let w = Variable(3), weight = Parameter(sign: .nonnegative), X = Parameter(6, 3)
      let loss = sum(logistic(-multiply(labels, X * w)))
      return (
        try Problem(.minimize(loss + weight * sumSquares(w))).layer(parameters: [weight, X]), w
      )
    },
    Case(
      testDescription: "quotients and functions of parameters", values: [Tensor(0.4), Tensor(1.3)]
    ) {
      let x = Variable(3), p = Parameter(), q = Parameter(sign: .nonnegative)
      let problem = try Problem(.minimize(exp(p) * q * sumSquares(x - p / q))) {
        norm2(x) <= log(1 + q) * sqrt(q)
      }
      return (try problem.layer(parameters: [p, q]), x)
    },
  ]

  @Test(arguments: cases)
  func derivativesAgreeWithDifferences(_ test: Case) throws {
    let (layer, x) = try test.build()
    let weights = Tensor(entries(try layer(test.values)[x].count, 11))
    func loss(_ values: [Tensor]) throws -> Tensor { (try layer(values)[x] * weights).sum() }
    for k in test.values.indices {
      var values = test.values
      let isSymmetric = test.values[k].shape == [4, 4]
      let reverse = try gradient(at: test.values[k]) { value in
        values[k] = value
        return try loss(values)
      }.scalars
      let h = 1e-5
      for i in 0..<test.values[k].count {
        func moved(_ step: Double) throws -> Double {
          var numbers = test.values[k].scalars
          numbers[i] += step
          if isSymmetric, i / 4 != i % 4 { numbers[i % 4 * 4 + i / 4] += step }
          var values = test.values
          values[k] = Tensor(numbers, shape: test.values[k].shape)
          return try loss(values).item
        }
        let difference = (try moved(h) - moved(-h)) / (2 * h)
        let mirror = isSymmetric && i / 4 != i % 4 ? reverse[i % 4 * 4 + i / 4] : 0
        let closeness = isClose(
          reverse[i] + mirror, difference, relativeTolerance: 1e-4, absoluteTolerance: 2e-6)
        #expect(closeness.holds, "argument \(k), entry \(i): \(closeness)")
      }
    }
  }

  @Test func batchesAndUnsolvedItems() throws {
    let x = Variable(2), target = Parameter(2), bound = Parameter()
    let problem = try Problem(.minimize(sumSquares(x - target))) {
      x <= bound
      x >= 0
    }
    #expect(problem.method == .denseQuadraticProgram)
    let layer = try problem.layer(parameters: [target, bound])
    let answer = try layer(Tensor([[1, 2], [3, -4], [1, 1]]), Tensor([1.5, 2, -1]))
    #expect(answer.statuses == [.optimal, .optimal, .primalInfeasible])
    #expect(answer.unsolvedItems == [2])
    #expect(isClose(answer[x].scalars[0..<4], [1, 1.5, 2, 0], absoluteTolerance: 1e-9).holds)
    #expect(answer[x].scalars[4].isNaN)
    let slope = try gradient(at: Tensor([1.5, 2])) { bound in
      try layer(Tensor([[1, 2], [3, -4]]), bound)[x].sum()
    }
    #expect(isClose(slope.scalars, [1, 1], absoluteTolerance: 1e-8).holds)
  }

  @Test func dualsAndOptimalValue() throws {
    let x = Variable(2), bound = Parameter()
    let budget = x[0] + x[1] <= bound
    let link = x[0] - x[1] == 0.5
    for method in [SolutionMethod.denseQuadraticProgram, .coneProgram] {
      let problem = try Problem(.minimize(sumSquares(x - 2)), method: method) {
        budget
        link
      }
      let answer = try problem.solve([bound: 1])
      // x = (0.75, 0.25), gradients (-2.5, -3.5) + dual (1, 1) + nu (1, -1) = 0
      #expect(isClose(answer[x].scalars, [0.75, 0.25], absoluteTolerance: 1e-7).holds)
      #expect(isClose(answer.dual(of: budget).item, 3, absoluteTolerance: 1e-6).holds)
      #expect(isClose(answer.dual(of: link).item, -0.5, absoluteTolerance: 1e-6).holds)
      let layer = try problem.layer(parameters: [bound])
      let slope = try gradient(at: Tensor(1)) { try layer($0).objective }
      #expect(isClose(slope.item, -3, absoluteTolerance: 1e-6).holds)
    }
  }

  @Test func semidefiniteDual() throws {
    // minimize tr(CX) over X ⪰ 0 with tr X = 1: the smallest eigenvalue; its dual C - λI.
    let X = Variable(2, 2, structure: .symmetric)
    let cone = X.isSemidefinite
    let problem = try Problem(.minimize(trace(Matrix([[2, 1], [1, 2]]) * X))) {
      trace(X) == 1
      cone
    }
    let answer = try problem.solve()
    #expect(isClose(answer.objective.item, 1, absoluteTolerance: 1e-7).holds)
    #expect(
      isClose(answer.dual(of: cone).scalars, [1, 1, 1, 1], absoluteTolerance: 1e-6).holds)
    #expect(isClose(answer[X].scalars, [0.5, -0.5, -0.5, 0.5], absoluteTolerance: 1e-6).holds)
  }

  @Test func secondDerivatives() throws {
    let x = Variable(), p = Parameter(), q = Parameter(sign: .nonnegative)
    let problem = try Problem(.minimize(q * square(x) - p * x))
    let layer = try problem.layer(parameters: [p, q])
    // x = p / (2 q), d²x/dq² = p / q³
    let curvature = try hessianVectorProduct(at: Tensor(2), along: Tensor(1)) { q in
      try layer(Tensor(3), q)[x]
    }.product
    #expect(isClose(curvature.item, 3.0 / 8, absoluteTolerance: 1e-8).holds)
  }

  @Test func secondDerivativesThroughCones() throws {
    // The point of a disc nearest to p: p r / |p| outside.
    let x = Variable(2), p = Parameter(2)
    let problem = try Problem(.minimize(norm2(x - p))) { norm2(x) <= 1.5 }
    let layer = try problem.layer(parameters: [p])
    let point = Tensor([2, 1]), direction = Tensor([0.3, -1])
    let product = try hessianVectorProduct(at: point, along: direction) { p in
      (try layer(p)[x] * Tensor([1, 2])).sum()
    }.product
    func slope(_ h: Double) -> Tensor {
      gradient(at: point + direction * h) { p in
        (1.5 * p / p.norm(.two, axis: 0) * Tensor([1, 2])).sum()
      }
    }
    let difference = (slope(1e-5) - slope(-1e-5)) / 2e-5
    #expect(isClose(product.scalars, difference.scalars, relativeTolerance: 1e-5).holds)
  }

  @Test(arguments: cases)
  func modesAgree(_ test: Case) throws {
    let (layer, x) = try test.build()
    let weights = Tensor(entries(try layer(test.values)[x].count, 11))
    let tangents = test.values.map { Tensor(entries($0.count, 5), shape: $0.shape) }
    // Of a symmetric matrix only symmetric tangents mean something.
    let directions = tangents.map { $0.shape == [4, 4] ? $0 + $0.transposed() : $0 }
    let (_, tangent) = try jvp(at: test.values, along: directions) { try layer($0)[x] }
    let slopes = try gradient(at: test.values) { (try layer($0)[x] * weights).sum() }
    let reverse = zip(slopes, directions).reduce(0) { $0 + ($1.0 * $1.1).sum().item }
    #expect(isClose((tangent * weights).sum().item, reverse, relativeTolerance: 1e-7).holds)
  }

  @Test func structuredParameters() throws {
    let x = Variable(3)
    let pattern = SparseMatrix([[1, 0, 2], [0, 3, 0]]).pattern
    let A = Parameter(pattern: pattern, name: "A")
    let D = Parameter(3, 3, sign: .nonnegative, structure: .diagonal, name: "D")
    let S = Parameter(3, 3, structure: .symmetric, name: "S")
    let problem = try Problem(.minimize(quadForm(x, D) + sumSquares(S * x - 1))) {
      A * x == [1, 2]
    }
    let symmetric: Matrix = [[1, 0.5, 0], [0.5, 2, 1], [0, 1, 3]]
    let answer = try problem.solve([
      A: SparseMatrix([[1, 0, 2], [0, 3, 0]]), D: [1, 2, 3], S: symmetric,
    ])
    let plain = Variable(3)
    let expected = try Problem(
      .minimize(
        quadForm(plain, Matrix.diagonal([1, 2, 3])) + sumSquares(symmetric * plain - 1))
    ) { Matrix([[1, 0, 2], [0, 3, 0]]) * plain == [1, 2] }.solve()[plain]
    #expect(isClose(answer[x].scalars, expected.scalars, absoluteTolerance: 1e-8).holds)
    // Entries column by column: 1, 3, 2.
    let layer = try problem.layer(parameters: [A, D, S])
    let tensors = [Tensor([1, 3, 2]), Tensor([1, 2, 3]), Tensor(symmetric)]
    #expect(
      isClose(try layer(tensors)[x].scalars, expected.scalars, absoluteTolerance: 1e-8).holds)
    let slope = try gradient(at: tensors[0]) { try layer($0, tensors[1], tensors[2])[x].sum() }
    for k in 0..<3 {
      func moved(_ h: Double) throws -> Double {
        var numbers = tensors[0].scalars
        numbers[k] += h
        return try layer(Tensor(numbers), tensors[1], tensors[2])[x].sum().item
      }
      let difference = (try moved(1e-5) - moved(-1e-5)) / 2e-5
      #expect(isClose(slope.scalars[k], difference, absoluteTolerance: 1e-6).holds)
    }
    #expect(
      throws: ParameterError.outsideOfPattern(parameter: "A", row: 0, column: 1, value: 5)
    ) {
      _ = try problem.solve([A: Matrix([[1, 5, 2], [0, 3, 0]]), D: [1, 2, 3], S: symmetric])
    }
    #expect(
      throws: ParameterError.notSymmetric(parameter: "S", row: 1, column: 0, difference: -0.25)
    ) {
      _ = try problem.solve([
        A: [1.0, 3, 2], D: [1, 2, 3], S: Matrix([[1, 0.5, 0], [0.25, 2, 1], [0, 1, 3]]),
      ])
    }
  }

  /// Products with sparse matrices are those with full ones, and their size is that of the entries.
  @Test func sparseConstants() throws {
    let full: Matrix = [[1, 0, 2], [0, 3, 0]], right: Matrix = [[0, 1], [2, 0], [0, 0]]
    let x = Variable(3), X = Variable(2, 3), y = Variable(2)
    let b = [1.0, 2], weights = [0.5, 1, 1.5]
    func answer(_ terms: ModelExpression) throws -> [Double] {
      let problem = try Problem(
        .minimize(terms + sumSquares(x - weights) + sumSquares(X) + sumSquares(y - b)))
      let answer = try problem.solve()
      return answer[x].scalars + answer[X].scalars + answer[y].scalars
    }
    let S = SparseMatrix(full), R = SparseMatrix(right)
    let sparse = try answer(
      sumSquares(S * x - b) + sumSquares(y * S - weights) + sumSquares(X * R - 1)
        + sumSquares(S * X.transposed - 2))
    let dense = try answer(
      sumSquares(full * x - b) + sumSquares(y * full - weights) + sumSquares(X * right - 1)
        + sumSquares(full * X.transposed - 2))
    #expect(isClose(sparse, dense).holds)
    #expect(throws: ModelError.self) { try Problem(.minimize(sum(S * y))) }

    let n = 20_000
    let (pattern, _) = SparsityPattern.gathering(
      rows: n, columns: n, row: Array(0..<n) + Array(1..<n), column: Array(0..<n) + Array(0..<n - 1)
    )
    let difference = SparseMatrix(
      pattern: pattern,
      values: Vector(
        pattern.columnStarts.dropLast().flatMap { start in
          start == pattern.entries - 1 ? [1.0] : [1.0, -1]
        }))
    let path = Variable(n)
    let large = try Problem(.minimize(sumSquares(path))) { difference * path == 1 }.solve()
    #expect(large.status == .optimal && abs(large[path][n - 1].item - Double(n)) < 1e-6 * Double(n))
  }

  /// The layer as a map from contexts to states, by both solvers: residuals, restarts, predicted states.
  @Test(arguments: [SolutionMethod.denseQuadraticProgram, .coneProgram])
  func solutionMap(method: SolutionMethod) throws {
    let x = Variable(3), target = Parameter(3), bound = Parameter(sign: .nonnegative)
    let layer = try Problem(.minimize(sumSquares(x - target)), method: method) {
      sum(x) == 1
      x >= 0
      x[0] <= bound
    }.layer(parameters: [target, bound])
    let context = [
      Tensor(entries(12, 3), shape: [4, 3]), Tensor([0.1, 0.2, 0.3, 0.4], shape: [4]),
    ]
    let solved = try layer.solve(context)
    #expect(solved.unsolvedItems == [])
    #expect(layer.residual(of: solved.state, for: context).max().item < 1e-7)
    let point = layer.point(of: solved.state, for: context)
    #expect(layer.violation(of: point, for: context).max().item < 1e-8)
    let values = layer.values(of: x, in: point)
    #expect(values.shape == [4, 3] && isClose(values.sum(axis: 1).scalars, [1, 1, 1, 1]).holds)
    // The objective without its constant |target|².
    let constant = square(context[0]).sum(axis: 1)
    let answer = try layer(context)
    #expect(
      isClose(
        (layer.value(of: point, for: context) + constant).scalars, answer.objective.scalars,
        absoluteTolerance: 1e-7
      ).holds || method == .coneProgram)
    let again = try layer.solve(context, from: solved.state)
    #expect(zip(again.iterations, solved.iterations).allSatisfy { $0 <= max($1, 1) })
    #expect(isClose(again.state.x.scalars, solved.state.x.scalars, absoluteTolerance: 1e-7).holds)
    let cheap = try layer.solve(context, from: nil, limits: SolutionLimits(maximumIterations: 0))
    #expect(cheap.statuses.allSatisfy { $0 == .optimal || $0 == .iterationLimit })
  }

  @Test func chosenOutputsAndWarmStarts() throws {
    let x = Variable(2), y = Variable(), target = Parameter(2)
    let budget = sum(x) + y <= 1
    for method in [SolutionMethod.denseQuadraticProgram, .coneProgram] {
      let problem = try Problem(.minimize(sumSquares(x - target) + square(y)), method: method) {
        budget
      }
      let solve = try problem.layer(parameters: [target], variables: [y, x], duals: [budget])
      let parts = try solve(Tensor([1, 2]))
      // y = x[i] - target[i] = -dual / 2, sum = 1
      #expect(isClose(parts[0].item, -2.0 / 3, absoluteTolerance: 1e-8).holds)
      #expect(isClose(parts[1].scalars, [1.0 / 3, 4.0 / 3], absoluteTolerance: 1e-8).holds)
      #expect(isClose(parts[2].item, 4.0 / 3, absoluteTolerance: 1e-7).holds)
      let first = try solve.layer(Tensor([1, 2]))
      let second = try solve.layer(Tensor([1.001, 2]), warmStart: first.state)
      #expect(isClose(second[y].item, -2.001 / 3, absoluteTolerance: 1e-8).holds)
      let foreign = Variable(name: "z")
      #expect(throws: ModelError.self) {
        _ = try problem.layer(parameters: [target], variables: [foreign])
      }
      #expect(throws: ModelError.self) {
        _ = try problem.layer(parameters: [target], variables: [x], duals: [x >= 0])
      }
    }
  }

  @Test func sensitivitiesAreRanked() throws {
    let x = Variable(2), price = Parameter(2, name: "price"), limit = Parameter(name: "limit")
    let cap = x <= limit
    let floor = sum(x) >= 1
    let problem = try Problem(.minimize(dot(price, x) + 0.5 * sumSquares(x))) {
      cap
      floor
    }
    // x = (0.7, 0.3): the cap binds; duals floor 2.3, cap (0.6, 0)
    let found = try problem.sensitivities(at: [price: [1, 2], limit: 0.7])
    #expect(found.parameters.map(\.parameter.name) == ["price", "limit"])
    #expect(
      isClose(found.parameters[0].gradient.scalars, [0.7, 0.3], absoluteTolerance: 1e-7).holds)
    #expect(isClose(found.parameters[1].gradient.item, -0.6, absoluteTolerance: 1e-7).holds)
    #expect(found.constraints.map { $0.constraint === floor } == [true, false])
    #expect(isClose(found.constraints[0].dual.item, 2.3, absoluteTolerance: 1e-7).holds)
  }

  @Test func degenerateModels() throws {
    let x = Variable(), y = Variable(2)
    #expect(try Problem(.minimize(x)).solve().status == .dualInfeasible)
    #expect(try Problem(.minimize(3)).solve().objective.item == 3)
    let feasible = try Problem(.minimize(0)) { y == [1, 2] }
    #expect(isClose(try feasible.solve()[y].scalars, [1, 2], absoluteTolerance: 1e-8).holds)
    let empty = try Problem(.minimize(square(x - 1))) { y[0..<0] >= 0 }
    #expect(isClose(try empty.solve()[x].item, 1, absoluteTolerance: 1e-8).holds)
  }

  @Test func solvesInTheBackground() async throws {
    let x = Variable(2), p = Parameter(2, sign: .nonnegative, name: "price")
    let problem = try Problem(.minimize(dot(p, square(x - 1))))
    let answer = try await problem.solve([p: [1, 2]])
    #expect(isClose(answer[x].scalars, [1, 1], absoluteTolerance: 1e-8).holds)
    await #expect(throws: ParameterError.missing(parameter: "price")) {
      _ = try await problem.solve()
    }
  }

  @Test func parametersAreChecked() throws {
    let x = Variable(2), p = Parameter(2, sign: .nonnegative, name: "price")
    let problem = try Problem(.minimize(dot(p, square(x))))
    #expect(throws: ParameterError.missing(parameter: "price")) { try problem.solve() }
    let other = Parameter(name: "other")
    #expect(throws: ParameterError.unknown(parameter: "other")) {
      try problem.solve([p: [1, 1], other: 2])
    }
    #expect(throws: ParameterError.duplicate(parameter: "price")) {
      try problem.layer(parameters: [p, p])
    }
    #expect(throws: ParameterError.sign(parameter: "price", expected: .nonnegative, value: -1)) {
      try problem.solve([p: [1, -1]])
    }
    let layer = try problem.layer(parameters: [p])
    #expect(throws: ParameterError.notFinite(parameter: "price", item: 1, value: .infinity)) {
      _ = try layer(Tensor([[1, 2], [1, .infinity], [3, 4]]))
    }
    #expect(
      throws: ParameterError.sign(parameter: "price", item: 2, expected: .nonnegative, value: -3)
    ) { _ = try layer(Tensor([[1, 2], [1, 2], [-3, 4]])) }
    #expect(throws: ParameterError.shape(parameter: "price", expected: [2], actual: [3])) {
      try problem.solve([p: [1, 1, 1]])
    }
  }
}
