import Autodiff
import ConvexSolvers
import DifferentiableOptimization
import LinearAlgebra
import Testing
import _TestSupport

@Suite struct ConvexProjectionTests {
  @Test(arguments: [false, true], [[], [3], [2, 3]] as [[Int]])
  func derivativesOfAnyOrder(_ isDual: Bool, _ leading: [Int]) {
    let cones = ConeProduct(zero: 1, free: 1, nonnegative: 3, secondOrder: [1, 3, 4])
    var random = TestGenerator(seed: 4)
    DerivativeCheck(tolerance: 1e-5)([random.tensor(leading + [cones.rows])]) {
      projected($0[0], onto: cones, isDual: isDual)
    }
  }

  @Test(arguments: [false, true], [[], [5]] as [[Int]])
  func firstDerivativesOfTheOthers(_ isDual: Bool, _ leading: [Int]) {
    let cones = ConeProduct(
      secondOrder: [3], semidefinite: [1, 3], exponential: 1, dualExponential: 1,
      power: [0.3, -0.6])
    var random = TestGenerator(seed: 5)
    DerivativeCheck(tolerance: 1e-5, isTwiceDifferentiable: false)(
      [random.tensor(leading + [cones.rows])]
    ) { projected($0[0], onto: cones, isDual: isDual) }
  }

  @Test(arguments: [
    ProjectionSet.simplex(), .oneNormBall(radius: 0.7), .twoNormBall(radius: 0.8),
    .nondecreasing, .box(lower: [-0.1, -0.2, 0, -9], upper: [0.1, 0.3, 2, 9]),
  ])
  func derivativesOfSets(_ set: ProjectionSet) {
    var random = TestGenerator(seed: 6)
    // Small and large points: inside of the balls and outside.
    for scale in [0.1, 1, 4] {
      DerivativeCheck(tolerance: 1e-5)([random.tensor([2, 3, 4], -scale, scale)]) {
        // Squared, for most of the second derivatives are zero.
        square(projected($0[0], onto: set))
      }
    }
  }

  @Test func theLastAxisMayBeEmpty() {
    let empty = projected(Tensor.zeros([3, 0]), onto: ConeProduct())
    #expect(empty.shape == [3, 0])
    #expect(projected(Tensor.zeros([0, 2]), onto: .simplex()).shape == [0, 2])
  }
}
