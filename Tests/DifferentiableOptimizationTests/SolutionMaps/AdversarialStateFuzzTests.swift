import Autodiff
import ConvexSolvers
import DifferentiableOptimization
import LinearAlgebra
import OptimizationCore
import Testing
import _TestSupport

/// States that are no solutions are never taken for such, whatever they hold.
@Suite struct AdversarialStateFuzzTests {
  /// Least norm under x₁ + x₂ = 3: (1.5, 1.5).
  private static func leastNorm() throws -> AlternatingDirectionsFamily {
    AlternatingDirectionsFamily(
      try AlternatingDirections(
        try SparseQuadraticProgram(
          P: SparseMatrix([[1, 0], [0, 1]]), q: [0, 0], A: SparseMatrix([[1, 1]]), lower: [3],
          upper: [3])), varying: [.lower, .upper])
  }

  @Test func alternatingDirections() throws {
    let family = try Self.leastNorm()
    let context = [Tensor([[3]]), Tensor([[3]])]
    for seed in FuzzBudget.seeds(40) {
      var random = SeededGenerator(seed: seed)
      let size = [0, 1e-12, 1, 1e6, 1e30][Int(seed % 5)]
      func draw(_ count: Int) -> Tensor {
        Tensor((0..<count).map { _ in size * random.normal() }, shape: [1, count])
      }
      let start = AlternatingDirections.TensorState(x: draw(2), z: draw(1), y: draw(1))
      let solved = try family.solve(context, from: start, limits: SolutionLimits())
      if solved.statuses == [.optimal] {
        #expect(isClose(solved.state.x.scalars, [1.5, 1.5], absoluteTolerance: 1e-4).holds)
      }
    }
    // The zero state, and a warm start after the bounds have changed.
    let cold = try family.solve(context, from: nil, limits: SolutionLimits())
    #expect(cold.statuses == [.optimal] && cold.iterations[0] > 0)
    let moved = try family.solve(
      [Tensor([[5]]), Tensor([[5]])], from: cold.state, limits: SolutionLimits())
    #expect(moved.statuses == [.optimal])
    #expect(isClose(moved.state.x.scalars, [2.5, 2.5], absoluteTolerance: 1e-4).holds)
  }

  @Test func fixedPointsFarAway() throws {
    // Contracts so slowly that far away a step seems to be none.
    let family = FixedPointFamily<Tensor, Tensor>(
      initial: { Tensor.zeros($0.shape) }, map: { y, x in y + (x - y) * 1e-9 })
    let context = Tensor([[1.0]])
    for start in [1e6, 1e12, 1e30, -1e30, .nan, .infinity] {
      let residual = family.residual(of: Tensor([[start]]), for: context).item
      #expect(!(residual <= 1e-6), "\(start): \(residual)")
    }
    #expect(family.residual(of: Tensor([[1.0]]), for: context).item == 0)
  }
}
