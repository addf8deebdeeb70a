import Autodiff
import ConvexSolvers
import DifferentiableOptimization
import LinearAlgebra
import Testing
import _TestSupport

private let quadratic = try! SparseQuadraticProgram(
  P: SparseMatrix([[4, 1], [1, 2]]), q: [1, 1],
  A: SparseMatrix([[1, 1], [1, 0], [0, 1], [2, -1]]), lower: [1, 0, 0, -.infinity],
  upper: [1, 0.7, 0.7, 0.3])

private let conic = try! ConeProgram(
  P: SparseMatrix([[2, 0.5, 0], [0.5, 1, 0], [0, 0, 0.3]]), c: [0.3, -1, 0.2],
  A: SparseMatrix([
    [1, 1, 1], [-1, 0, 0], [0, 0, 0], [0.5, -1, 0.3], [0.2, 0.1, -1], [-1, 0.4, 0.1],
    [0, -1, 0.2], [0.3, 0, -1],
  ]), b: [1, 0.2, 2, 0.1, 0.4, 0.5, 1.2, 2],
  cones: ConeProduct(zero: 1, nonnegative: 1, secondOrder: [3], exponential: 1))

@Suite struct UnrolledSplittingTests {
  @Test(arguments: [[], [3]] as [[Int]], [true, false])
  func unrolledAlternatingDirections(_ leading: [Int], _ isShared: Bool) throws {
    let method = try AlternatingDirections(quadratic)
    var random = TestGenerator(seed: 3)
    let data = isShared ? [] : leading
    let inputs = [
      random.tensor(leading + [2]), random.tensor(leading + [4]), random.tensor(leading + [4]),
      random.tensor(data + [2]), random.tensor(data + [4], -2, -1), random.tensor(data + [4], 1, 2),
      Tensor(0.4),
    ]
    DerivativeCheck(tolerance: 1e-5, isTwiceDifferentiable: false)(inputs) { inputs in
      var state = AlternatingDirections.TensorState(x: inputs[0], z: inputs[1], y: inputs[2])
      for _ in 0..<6 {
        state = method.step(
          state, q: inputs[3], lower: inputs[4], upper: inputs[5], penalty: inputs[6])
      }
      return concatenate([state.x, state.z, state.y], axis: -1)
    }
  }

  @Test(arguments: [[], [3]] as [[Int]], [true, false])
  func unrolledHomogeneousSplitting(_ leading: [Int], _ isShared: Bool) throws {
    let method = try HomogeneousSplitting(conic)
    var random = TestGenerator(seed: 4)
    let data = isShared ? [] : leading
    let inputs = [
      concatenate(
        [random.tensor(leading + [11]), random.tensor(leading + [1], 1, 2)], axis: -1),
      random.tensor(data + [3]), random.tensor(data + [8], 0.5, 2), Tensor(0.3),
    ]
    DerivativeCheck(tolerance: 1e-5, isTwiceDifferentiable: false)(inputs) { inputs in
      var w = inputs[0]
      for _ in 0..<5 { w = method.step(w, c: inputs[1], b: inputs[2], scale: inputs[3]) }
      return w
    }
  }

  @Test func stepsOfTensorsAreThoseOfStates() throws {
    let method = try AlternatingDirections(quadratic)
    let zero = AlternatingDirections.TensorState(
      x: Tensor.zeros([2, 2]), z: Tensor.zeros([2, 4]), y: Tensor.zeros([2, 4]))
    let next = method.step(method.step(zero))
    let reference = method.step(method.step(method.initialState))
    #expect(next.x.scalars == reference.x.array + reference.x.array)
    #expect(next.y.scalars == reference.y.array + reference.y.array)
    let splitting = try HomogeneousSplitting(conic)
    let state = splitting.initialState
    #expect(splitting.step(Tensor(state.w)).scalars == splitting.step(state).w.array)
  }

  @Test func aLearnedStartAndPenaltyLowerTheError() throws {
    // Contexts q with their solutions; learned are a linear map from q to the start, and log ρ.
    let method = try AlternatingDirections(quadratic)
    var random = TestGenerator(seed: 5)
    let q = random.tensor([16, 2], -2, 2)
    let targets = try (0..<16).flatMap { item -> [Double] in
      let context = Vector(Array(q.scalars[2 * item..<2 * item + 2]))
      let program = try SparseQuadraticProgram(
        P: quadratic.P, q: context, A: quadratic.A, lower: quadratic.lower,
        upper: quadratic.upper)
      return try AlternatingDirections(program).solve().x.array
    }
    let solutions = Tensor(targets, shape: [16, 2])
    func loss(_ parameters: [Tensor]) -> Tensor {
      let start = matmul(q, parameters[0]) + parameters[1]
      var state = AlternatingDirections.TensorState(
        x: start.slice(axis: -1, 0..<2), z: start.slice(axis: -1, 2..<6),
        y: start.slice(axis: -1, 6..<10))
      for _ in 0..<5 { state = method.step(state, q: q, penalty: exp(parameters[2])) }
      return square(state.x - solutions).mean()
    }
    var parameters = [Tensor.zeros([2, 10]), Tensor.zeros([10]), Tensor(-2.0)]
    let first = loss(parameters).item
    for _ in 0..<100 {
      let slopes = gradient(at: parameters, of: loss)
      let size = slopes.reduce(0) { $0 + square($1).sum().item }.squareRoot()
      parameters = zip(parameters, slopes).map { $0 - $1 * (0.03 / (1e-3 + size)) }
    }
    #expect(loss(parameters).item < 0.3 * first)
  }
}
