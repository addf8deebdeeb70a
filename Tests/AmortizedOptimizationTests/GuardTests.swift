import Argmin
import Foundation
import Testing
import _TestSupport

/// What guards promise, on starts of every quality.
@Suite struct GuardTests {
  private let map = contraction(0.9)
  private let context = Tensor((1...6).map { Double($0) * 0.3 }, shape: [6, 1])
  private let limits = SolutionLimits(tolerance: 1e-6, maximumIterations: 1000)
  /// The exact solution is 10 x; starts from exact to adversarial.
  private static let factors = [10.0, 9.99, 5, 0, -10, 1e4, -1e9, .nan, .infinity]

  private func solver(
    _ factor: Double, _ protection: Guard
  ) throws -> AmortizedSolver<MultipleOfSolution> {
    try AmortizedSolver(
      MultipleOfSolution(factor: Tensor(factor)), of: map, guardedBy: protection,
      coldStarts: try SolvedSet(of: map, at: context, limits: limits), limits: limits)
  }

  @Test(arguments: factors)
  func raceCostsAtMostTwiceTheBetterStart(factor: Double) throws {
    let cold = try map.solve(context, from: nil, limits: limits)
    let warm = try map.solve(context, from: context * factor, limits: limits)
    let answer = try solver(factor, .race)(context)
    #expect(answer.unsolvedItems == [])
    for item in 0..<6 {
      let better = min(cold.iterations[item], warm.iterations[item])
      #expect(answer.iterations[item] <= 2 * better, "\(answer.iterations[item]) of \(better)")
      #expect(answer.residuals[item] <= 1e-6)
    }
    #expect(isClose(answer.value.scalars, (context * 10).scalars, relativeTolerance: 1e-4).holds)
  }

  @Test(arguments: factors)
  func budgetCostsAtMostOneColdStartMore(factor: Double) throws {
    let coldStarts = try SolvedSet(of: map, at: context, limits: limits)
    let cold = try map.solve(context, from: nil, limits: limits)
    let answer = try solver(factor, .budget())(context)
    #expect(answer.unsolvedItems == [])
    let budget = Int(coldStarts.meanIterations.rounded(.up))
    for item in 0..<6 {
      #expect(answer.iterations[item] <= budget + cold.iterations[item])
      #expect(answer.residuals[item] <= 1e-6)
    }
  }

  @Test func routesSayWhatHappened() throws {
    func route(_ factor: Double, _ protection: Guard) throws -> Route {
      try solver(factor, protection)(context).routes[0]
    }
    #expect(try route(10, .none) == .predicted)
    #expect(try route(10, .race) == .predicted)
    #expect(try route(.nan, .none) == .fellBack(.notFinite))
    #expect(try route(.nan, .race) == .fellBack(.notFinite))
    #expect(try route(1e9, .race) == .fellBack(.coldWasFaster))
    if case .refined(let iterations) = try route(9.99, .budget()) {
      #expect(iterations > 0)
    } else {
      Issue.record("not refined")
    }
    if case .fellBack(.budgetSpent) = try route(-1e9, .budget()) {
    } else {
      Issue.record("not out of budget")
    }
    if case .fellBack(.abstained) = try route(5, .certified(largestResidual: 0.01)) {
    } else {
      Issue.record("not abstained")
    }
    if case .refined = try route(9.99, .certified(largestResidual: 0.01)) {
    } else {
      Issue.record("abstained")
    }
  }

  @Test func anEmptyBatchIsAnswered() throws {
    for protection in [Guard.none, .race, .budget(), .certified(largestResidual: 1)] {
      let answer = try solver(5, protection)(context.items([]))
      #expect(answer.statuses.isEmpty && answer.routes.isEmpty)
    }
  }

  @Test func badSettingsAreRefused() throws {
    let model = MultipleOfSolution(factor: Tensor(1))
    #expect(throws: AmortizationError.self) {
      try AmortizedSolver(model, of: map, guardedBy: .budget())
    }
    #expect(throws: AmortizationError.self) {
      try AmortizedSolver(model, of: map, guardedBy: .certified(largestResidual: -1))
    }
    #expect(throws: AmortizationError.self) { try solver(1, .budget(factor: 0)) }
    let family = try QuadraticProgramFamily(
      QuadraticProgram(Q: [[1]], p: [0], G: [[1]], h: [1]), varying: [.p])
    let solved = try SolvedSet(of: family, at: [Tensor([[1.0], [-2]])])
    let predictor = try StatePredictor(for: family, from: solved, key: RandomKey(seed: 1))
    #expect(throws: AmortizationError.self) {
      try AmortizedSolver(predictor, of: family, guardedBy: .race)
    }
  }

  /// Contexts of wrong shapes are refused before the model sees them.
  @Test func wrongContextsAreNamed() throws {
    let family = try QuadraticProgramFamily(
      QuadraticProgram(Q: [[1]], p: [0], G: [[1]], h: [1]), varying: [.p, .h])
    let solved = try SolvedSet(of: family, at: [Tensor([[1.0], [-2]]), Tensor([[1.0], [2]])])
    let predictor = try StatePredictor(for: family, from: solved, key: RandomKey(seed: 1))
    let solver = try AmortizedSolver(predictor, of: family, guardedBy: .none)
    #expect(throws: AmortizationError.batchSizes([2, 3])) {
      try solver([Tensor.zeros([2, 1]), Tensor.zeros([3, 1])])
    }
    #expect(throws: ProblemError.self) {
      try solver([Tensor.zeros([2, 2]), Tensor.zeros([2, 1])])
    }
    #expect(throws: ProblemError.self) { try solver([Tensor.zeros([2, 1])]) }
    #expect(throws: AmortizationError.self) {
      try StatePredictor(for: family, from: solved.selecting([]), key: RandomKey(seed: 1))
    }
  }

  /// On fresh contexts at most about the promised share is above the threshold; elsewhere nearly all are.
  @Test func conformalThresholds() throws {
    let draws = Contexts("normal") { $1.normal([$0, 1]) }
    let solver = try solver(9, .none)
    let threshold = try solver.conformalThreshold(
      on: draws.sample(999, key: RandomKey(seed: 1)), level: 0.9)
    func share(_ context: Tensor) -> Double {
      let residuals = map.residual(of: solver.prediction(for: context), for: context).scalars
      return Double(residuals.count { $0 > threshold.largestResidual }) / Double(residuals.count)
    }
    #expect(abs(share(draws.sample(4000, key: RandomKey(seed: 2))) - 0.1) < 0.03)
    #expect(threshold.count == 999)
    #expect(throws: AmortizationError.self) {
      try ConformalThreshold(residuals: [1, 2, 3], level: 0.95)
    }
    #expect(throws: AmortizationError.self) {
      try ConformalThreshold(residuals: [1, 2, 3], level: 1)
    }
    #expect(try ConformalThreshold(residuals: [3, 1, 2, .nan], level: 0.5).largestResidual == 3)
  }
}
