import Autodiff
import NeuralNetworks
import Testing
import _TestSupport

/// Full-batch minimization.
struct LBFGSTests {
  static let searches = [LineSearch.strongWolfe(), .backtracking()]

  /// The chained function of Rosenbrock of any length; its minimum is 0 at ones.
  static func rosenbrock(_ x: Tensor) -> Tensor {
    let count = x.shape[0]
    let (head, tail) = (x.slice(axis: 0, 0..<count - 1), x.slice(axis: 0, 1..<count))
    return (square(tail - square(head)) * 100 + square(1 - head)).sum()
  }

  @Test(arguments: searches, [2, 10, 50]) func rosenbrock(_ search: LineSearch, _ count: Int) {
    let start = Tensor((0..<count).map { $0 % 2 == 0 ? -1.2 : 1 })
    let result = LBFGS(maximumIterations: 5000, lineSearch: search)
      .minimize(from: start, of: Self.rosenbrock)
    #expect(result.status == .converged)
    // From this start other minima than the one at ones can be reached for more than three variables.
    if count == 2 {
      #expect(isClose(result.point.scalars, [1, 1], relativeTolerance: 1e-7).holds)
    }
    let slope = gradient(at: result.point, of: Self.rosenbrock)
    #expect(slope.scalars.allSatisfy { Swift.abs($0) <= 1e-8 })
    #expect(result.iterations < 60 * count)
  }

  @Test(arguments: searches, [0, 1, 5]) func quadratics(_ search: LineSearch, _ memory: Int) {
    var random = TestGenerator(seed: 8)
    let root = random.tensor([12, 12])
    let A = matmul(root, root, transposeA: true) + Tensor.identity(12)
    let solution = random.tensor([12])
    let b = matrixVectorProduct(A, solution)
    let result = LBFGS(memory: memory, maximumIterations: 3000, lineSearch: search)
      .minimize(from: Tensor.zeros([12])) { x in
        dot(x, matrixVectorProduct(A, x)) * 0.5 - dot(b, x)
      }
    #expect(result.status == .converged)
    #expect(isClose(result.point.scalars, solution.scalars, relativeTolerance: 1e-7).holds)
  }

  @Test func structuresAndSinglePrecision() {
    let start = Pair(
      Tensor([Float](repeating: 3, count: 4), shape: [2, 2]), Tensor(2, dtype: .float32))
    let result = LBFGS(gradientTolerance: 1e-4).minimize(from: start) { p in
      square(p.first - 1).sum() + square(p.second * p.second - 2)
    }
    #expect(result.status == .converged)
    #expect(result.point.first.dtype == .float32)
    #expect(isClose(result.point.first.scalars, [1, 1, 1, 1], relativeTolerance: 1e-4).holds)
    #expect(isClose(result.point.second.item, 2.0.squareRoot(), relativeTolerance: 1e-4).holds)
  }

  @Test(arguments: searches) func keepsInsideTheDomain(_ search: LineSearch) {
    // The first steps lead to where the logarithm is NaN.
    let result = LBFGS(lineSearch: search).minimize(from: Tensor([1e-3])) { x in
      (x - log(x) * 5).sum()
    }
    #expect(result.status == .converged)
    #expect(isClose(result.point.scalars, [5], relativeTolerance: 1e-7).holds)
  }

  @Test func otherEnds() {
    let bowl: (Tensor) -> Tensor = { square($0).sum() }
    #expect(LBFGS().minimize(from: Tensor([0.0]), of: bowl).iterations == 0)
    #expect(LBFGS().minimize(from: Tensor.zeros([0]), of: bowl).status == .converged)
    #expect(LBFGS().minimize(from: Tensor([Double.nan]), of: bowl).status == .notFinite)
    let limited = LBFGS(maximumIterations: 3)
      .minimize(from: Tensor([-1.2, 1]), of: Self.rosenbrock)
    #expect(limited.status == .iterationLimit)
    #expect(limited.iterations == 3)
    let cancelled = LBFGS(progress: { $0.iterations < 2 })
      .minimize(from: Tensor([-1.2, 1]), of: Self.rosenbrock)
    #expect(cancelled.status == .cancelled)
    #expect(cancelled.iterations == 2)
    // A kink that no step from it leads down from.
    let kink = LBFGS().minimize(from: Tensor([1e-300])) { x in
      (abs(x) + x * 0.5).sum()
    }
    #expect(kink.status == .lineSearchFailed)
    // Unbounded below: the search runs until values are infinite, or to the limit.
    let down = LBFGS(maximumIterations: 20).minimize(from: Tensor([0.0])) { $0.sum() }
    #expect(down.status == .iterationLimit || down.status == .lineSearchFailed)
    #expect(down.value < -1e6)
  }

  @Test func stepByStep() {
    let method = LBFGS()
    var state = method.initialState(at: Tensor([-1.2, 1]), of: Self.rosenbrock)
    var values = [state.value]
    for _ in 0..<5 {
      #expect(method.step(&state, of: Self.rosenbrock))
      values.append(state.value)
    }
    #expect(values == values.sorted(by: >))
    #expect(state.iterations == 5)
  }
}
