import Autodiff
import DifferentiableOptimization
import Foundation
import Testing
import _TestSupport

private let solvers: [ImplicitLinearSolver] = [
  .conjugateGradients(relativeTolerance: 1e-13), .minimalResiduals(relativeTolerance: 1e-13),
  .neumann(terms: 400, step: 0.2), .dense,
]

/// Newton's method for a system of equations, all derivatives of which are dense.
private func newton(_ start: Tensor, _ condition: (Tensor) -> Tensor) -> Tensor {
  var y = start
  for _ in 0..<50 {
    let matrix = jacobian(at: y, of: condition)
    y -= try! solve(matrix, vector: condition(y))
  }
  return y
}

@Suite struct ImplicitFunctionTests {
  /// min over y of the sum of log cosh(y - x) and a quadratic: not quadratic, strictly convex.
  static func objective(_ y: Tensor, _ context: [Tensor]) -> Tensor {
    let smooth = (softplus(y * 2 - context[0]) - y).sum()
    return smooth + (square(matrixVectorProduct(context[1], y)) * 0.5).sum()
      + square(y).sum() * 0.5 + (y * context[0]).sum() * 0.3
  }

  @Test(arguments: solvers)
  func stationaryPointsHaveDerivativesOfSecondOrder(_ solver: ImplicitLinearSolver) {
    var random = TestGenerator(seed: 3)
    let inputs = [random.tensor([4]), random.tensor([4, 4]) * 0.5]
    DerivativeCheck()(inputs) { context in
      let answer = stationaryPoint(at: context, solver: solver, of: Self.objective) { context in
        newton(Tensor.zeros([4])) { y in gradient(at: y) { Self.objective($0, context) } }
      }
      #expect(answer.certificate.isConverged)
      return answer.value
    }
  }

  @Test(arguments: [.minimalResiduals(relativeTolerance: 1e-13), .dense] as [ImplicitLinearSolver])
  func rootsOfSystemsThatAreNotSymmetric(_ solver: ImplicitLinearSolver) {
    var random = TestGenerator(seed: 5)
    let inputs = [random.tensor([3]), random.tensor([3, 3])]
    @Sendable func condition(_ y: Tensor, _ context: [Tensor]) -> Tensor {
      y * 2 + tanh(matrixVectorProduct(context[1], y)) - context[0] + y * y * y * 0.3
    }
    DerivativeCheck()(inputs) { context in
      implicitRoot(at: context, solver: solver, of: condition) { context in
        newton(Tensor.zeros([3])) { condition($0, context) }
      }.value
    }
  }

  @Test(
    arguments: [.minimalResiduals(relativeTolerance: 1e-13), .neumann(terms: 200)]
      as [ImplicitLinearSolver])
  func fixedPointsFoundByIteration(_ solver: ImplicitLinearSolver) {
    var random = TestGenerator(seed: 7)
    let inputs = [random.tensor([3]), random.tensor([3, 3]) * 0.4]
    DerivativeCheck()(inputs) { context in
      let answer = fixedPoint(
        at: context, from: Tensor.zeros([3]), solver: solver, residualTolerance: 1e-14
      ) { y, context in tanh(matrixVectorProduct(context[1], y) + context[0]) }
      return answer.value
    }
  }

  @Test func thirdDerivativeOfTheSquareRoot() {
    func root(_ a: Tensor) -> Tensor {
      implicitRoot(at: a, of: { y, a in y * y - a }) { sqrt($0) }.value
    }
    let third = gradient(at: Tensor(4)) { a in
      gradient(at: a) { a in jvp(at: a, along: Tensor(1), of: root).tangent }
    }
    #expect(abs(third.item - 3.0 / 8 * pow(4, -2.5)) < 1e-12)
  }

  @Test func structuresOfBothTypes() {
    struct Point: TensorStructure {
      var a: Tensor
      var b: Tensor
      mutating func visitTensors(_ visit: inout TensorVisitor) {
        visit("a", &a)
        visit("b", &b)
      }
    }
    let context = Pair(Tensor([2, 3]), Tensor(0.5))
    let gradient = gradient(at: context) { context in
      let y = implicitRoot(
        at: context,
        of: { (y: Point, c: Pair<Tensor, Tensor>) in
          Point(
            a: y.a * y.a - c.first + (y.b * 0).sum().asType(.float64),
            b: y.b - (c.second * 3).asType(.float32).broadcast(to: [2]))
        }
      ) { c in
        Point(a: sqrt(c.first), b: (c.second * 3).asType(.float32).broadcast(to: [2]))
      }.value
      return y.a.sum() + y.b.sum().asType(.float64)
    }
    #expect(abs(gradient.first.scalars[0] - 0.5 / 2.0.squareRoot()) < 1e-9)
    #expect(abs(gradient.second.item - 6) < 1e-6)
  }

  @Test(arguments: [.conjugateGradients(), .minimalResiduals(), .dense] as [ImplicitLinearSolver])
  func batchedItemsAreSolvedByThemselves(_ solver: ImplicitLinearSolver) {
    // Ridge regression with a shared strength: item i is (A_i'A_i + s) y = A_i'b_i.
    var random = TestGenerator(seed: 9)
    let matrices = random.tensor([3, 5, 2])
    let inputs = [random.tensor([3, 5]), Tensor(0.7)]
    @Sendable func loss(_ y: Tensor, _ context: [Tensor]) -> Tensor {
      square(matrixVectorProduct(matrices, y) - context[0]).sum() * 0.5
        + square(y).sum() * context[1] * 0.5
    }
    func answer(_ context: [Tensor]) -> ImplicitSolution<Tensor> {
      stationaryPoint(at: context, solver: solver, isBatched: true, of: loss) { context in
        let normal =
          matmul(matrices, matrices, transposeA: true) + Tensor.identity(2) * context[1].item
        return try! solve(
          normal, vector: matrixVectorProduct(matrices.transposed(), context[0]))
      }
    }
    DerivativeCheck()(inputs) { answer($0).value }
    let recorded = answer(inputs)
    #expect(recorded.certificate.residuals.count == 3)
    #expect(recorded.certificate.linearSolves.count == 0)
    var certificate: ImplicitCertificate?
    _ = gradient(at: inputs) { context in
      let solution = answer(context)
      certificate = solution.certificate
      return solution.value.sum()
    }
    let solves = certificate!.linearSolves
    #expect(solves.count == 1 && solves.largestResidual < 1e-9)
    // Two unknowns per item: conjugate gradients end after two steps, not six.
    #expect(solves.products <= 4)
  }

  @Test func pointsThatAreNoSolutionsAreReported() {
    let answer = implicitRoot(
      at: Tensor([1, 4]), isBatched: true, of: { y, a in y * y - a }
    ) { _ in Tensor([1, 1.9]) }
    #expect(!answer.certificate.isConverged)
    #expect(answer.certificate.unconvergedItems == [1])
    let broken = implicitRoot(at: Tensor([1]), of: { y, a in y * y - a }) { _ in Tensor([.nan]) }
    #expect(broken.certificate.unconvergedItems == [0])
  }

  @Test func systemsThatAreNotSolvedAreReported() {
    var certificate: ImplicitCertificate?
    let slope = gradient(at: Tensor([1, 2, 3, 4])) { a in
      let answer = stationaryPoint(
        at: a, solver: .conjugateGradients(maximumIterations: 1),
        of: { y, a in (square(y) * Tensor([1, 10, 100, 1000]) * 0.5 - y * a).sum() }
      ) { $0 / Tensor([1, 10, 100, 1000]) }
      certificate = answer.certificate
      return answer.value.sum()
    }
    #expect(slope.isFinite)
    #expect(certificate!.linearSolves.largestResidual > 0.1)
  }

  @Test func singularSystems() {
    // F = y0 + y1 - a twice: the Jacobian has rank 1.
    func value(_ solver: ImplicitLinearSolver) -> (Tensor, ImplicitCertificate) {
      var certificate: ImplicitCertificate?
      let gradient = gradient(at: Tensor([1, 1])) { a in
        let answer = implicitRoot(
          at: a, solver: solver,
          of: { y, a in
            y.sum().broadcast(to: [2]) - a.sum().broadcast(to: [2]) * 0.5
          }
        ) { _ in Tensor([0.5, 0.5]) }
        certificate = answer.certificate
        return answer.value.slice(axis: 0, 0..<1).sum()
      }
      return (gradient, certificate!)
    }
    #expect(value(.dense).0.scalars.allSatisfy { $0.isNaN })
    for solver in [ImplicitLinearSolver.dense, .minimalResiduals()] {
      let (gradient, certificate) = value(solver)
      #expect(gradient.scalars.allSatisfy { $0.isNaN })
      #expect(certificate.linearSolves.singularItems == [0])
      #expect(certificate.isConverged)
    }
    #expect(value(.minimalResiduals()).1.linearSolves.largestResidual > 0.5)
  }

  /// Items with definite, indefinite and singular Hessians, in both types: ½ yᵀ H y - cᵀ y.
  @Test(arguments: [DType.float64, .float32])
  func saddlesAndSingularPointsAreTold(_ dtype: DType) throws {
    let hessians = Tensor([
      2, 0, 0, 3,  // definite
      1, 0, 0, -1,  // a saddle, along (1, 1) without curvature
      -2, 0, 0, -4,  // a maximum
      1, 0, 0, 0,  // singular: no solution for (1, 1)
      0, 0, 0, 0,
      1e-8, 0, 0, 3e-8,  // definite and small
    ]).reshaped(to: [6, 2, 2]).asType(dtype)
    @Sendable func objective(_ y: Tensor, _ c: Tensor) -> Tensor {
      (y * matrixVectorProduct(hessians, y)).sum() * 0.5 - (y * c).sum()
    }
    let y = Tensor.ones([6, 2], dtype: dtype)
    let c = matrixVectorProduct(hessians, y)
    var certificate: ImplicitCertificate?
    func answer(_ c: Tensor) -> Tensor {
      let solution = stationaryPoint(at: c, isBatched: true, of: objective) { _ in y }
      certificate = solution.certificate
      return solution.value
    }
    let tolerance = dtype == .float64 ? 1e-9 : 1e-5
    func check(_ derivative: Tensor) throws {
      let numbers = derivative.scalars
      let expected = [0.5, 1.0 / 3, 1, -1, -0.5, -0.25, .nan, .nan, .nan, .nan, 1e8, 1e8 / 3]
      for (number, right) in zip(numbers, expected) {
        #expect(
          right.isNaN ? number.isNaN : abs(number - right) <= tolerance * abs(right),
          "\(number) \(right)")
      }
      let solves = try #require(certificate).linearSolves
      #expect(solves.indefiniteItems == [1, 2])
      #expect(solves.singularItems == [3, 4])
      #expect(try #require(certificate).isConverged)
    }
    try check(gradient(at: c) { answer($0).sum() })
    try check(jvp(at: c, along: Tensor.ones([6, 2], dtype: dtype)) { answer($0) }.tangent)
  }

  /// A right-hand side within the range of a singular matrix has solutions; the shortest is returned, and no item
  /// is called a saddle for what rounding leaves of its null space.
  @Test func consistentSingularSystems() {
    var random = TestGenerator(seed: 5)
    for _ in 0..<20 {
      let factor = random.tensor([4, 2])
      let matrix = matmul(factor, factor, transposeB: true)
      let direction = matrixVectorProduct(matrix, random.tensor([4]))
      var certificate: ImplicitCertificate?
      let slope = gradient(at: Tensor.zeros([4])) { c in
        let solution = stationaryPoint(
          at: c, of: { y, c in (y * matrixVectorProduct(matrix, y)).sum() * 0.5 - (y * c).sum() }
        ) { _ in Tensor.zeros([4]) }
        certificate = solution.certificate
        return (solution.value * direction).sum()
      }
      let image = matrixVectorProduct(matrix, slope)
      #expect(isClose(image.scalars, direction.scalars, absoluteTolerance: 1e-8).holds)
      #expect(certificate!.linearSolves.indefiniteItems.isEmpty)
      #expect(certificate!.linearSolves.singularItems.isEmpty)
    }
  }

  @Test func rotationDefeatsNoSolverThatIsMeantForIt() {
    // The Jacobian is a rotation by 90 degrees, where BiCG breaks down.
    let slope = gradient(at: Tensor([1, 2])) { a in
      let answer = implicitRoot(
        at: a, of: { y, a in matrixVectorProduct(Tensor([[0, -1], [1, 0]]), y) - a }
      ) { a in Tensor([a.scalars[1], -a.scalars[0]]) }
      return answer.value.slice(axis: 0, 0..<1).sum()
    }
    #expect(abs(slope.scalars[0]) < 1e-12 && abs(slope.scalars[1] - 1) < 1e-12)
  }

  @Test func emptyUnknowns() {
    let slope = gradient(at: Tensor([1])) { a in
      implicitRoot(at: a, of: { y, a in y }) { _ in Tensor.zeros([0]) }.value.sum() + a.sum()
    }
    #expect(slope.item == 1)
    let batched = gradient(at: Tensor.zeros([0, 2])) { a in
      implicitRoot(at: a, isBatched: true, of: { y, a in y - a }) { $0 }.value.sum()
    }
    #expect(batched.shape == [0, 2])
  }
}
