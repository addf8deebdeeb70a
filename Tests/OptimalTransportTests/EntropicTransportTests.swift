import Autodiff
import DifferentiableOptimization
import OptimalTransport
import Foundation
import Testing
import _TestSupport

@Suite struct EntropicTransportTests {
  private static func measures(_ items: Int, _ n: Int, seed: UInt64) -> Tensor {
    RandomKey(seed: seed).normal([items, n]).softmax()
  }

  private static let points = RandomKey(seed: 1).uniform([6, 2])
  private static let others = RandomKey(seed: 2).uniform([5, 2])
  private static let cost = squaredDistances(points, others)

  @Test(arguments: [0.5, 0.05, 0.001]) func plansMeetTheirMeasures(epsilon: Double) throws {
    let transport = EntropicTransport(cost: Self.cost, epsilon: epsilon)
    let context = Pair(Self.measures(3, 6, seed: 3), Self.measures(3, 5, seed: 4))
    let solved = try transport.solve(
      context, from: nil, limits: SolutionLimits(tolerance: 1e-9, maximumIterations: 200_000))
    #expect(solved.unsolvedItems == [])
    let plan = transport.plan(solved.state, for: context)
    #expect(
      isClose(plan.sum(axis: 2).scalars, context.first.scalars, absoluteTolerance: 1e-8).holds)
    #expect(
      isClose(plan.sum(axis: 1).scalars, context.second.scalars, absoluteTolerance: 1e-8).holds)
    // The dual value is the primal value of the plan.
    let product = context.first.expandingAxis(-1) * context.second.expandingAxis(-2)
    let divergence = plan * log(maximum(plan, 1e-300) / product)
    let primal = (plan * Self.cost + divergence * epsilon).sum(axes: [1, 2])
    let dual = -transport.value(of: solved.state, for: context)
    #expect(isClose(dual.scalars, primal.scalars, absoluteTolerance: 1e-8).holds)
  }

  /// Two atoms each: the plan follows from one equation for its first entry.
  @Test func closedFormForTwoAtoms() throws {
    let (epsilon, c) = (0.3, 1.0)
    let transport = EntropicTransport(cost: Tensor([[0, c], [c, 0]]), epsilon: epsilon)
    let context = Pair(Tensor([[0.5, 0.5]]), Tensor([[0.5, 0.5]]))
    let solved = try transport.solve(
      context, from: nil, limits: SolutionLimits(tolerance: 1e-12))
    let plan = transport.plan(solved.state, for: context).scalars
    let diagonal = 0.5 / (1 + exp(-c / epsilon))
    #expect(
      isClose(plan, [diagonal, 0.5 - diagonal, 0.5 - diagonal, diagonal], absoluteTolerance: 1e-10)
        .holds)
  }

  @Test func atomsWithoutMass() throws {
    let transport = EntropicTransport(cost: Self.cost, epsilon: 0.05)
    let a = Tensor([[0, 0.5, 0.5, 0, 0, 0], [1, 0, 0, 0, 0, 0]])
    let b = Tensor([[0.2, 0, 0, 0.8, 0], [0, 0, 1, 0, 0]])
    let solved = try transport.solve(
      Pair(a, b), from: nil, limits: SolutionLimits(tolerance: 1e-9))
    #expect(solved.unsolvedItems == [] && solved.state.itemsNotFinite == [])
    let plan = transport.plan(solved.state, for: Pair(a, b))
    #expect(isClose(plan.sum(axis: 2).scalars, a.scalars, absoluteTolerance: 1e-8).holds)
    #expect(isClose(plan.sum(axis: 1).scalars, b.scalars, absoluteTolerance: 1e-8).holds)
    // All of the second measure goes from one atom to another.
    #expect(abs(plan[1][0][2].item - 1) < 1e-8)
  }

  @Test(arguments: [0.2, 0.0005]) func theStepIsDifferentiable(epsilon: Double) {
    // The smaller epsilon is beyond the range of products of matrices.
    let check = DerivativeCheck(tolerance: 1e-4, isTwiceDifferentiable: epsilon > 0.01)
    let transport = EntropicTransport(cost: Self.cost, epsilon: epsilon)
    check([
      RandomKey(seed: 5).normal([2, 6]) * epsilon, Self.measures(2, 6, seed: 6),
      Self.measures(2, 5, seed: 7),
    ]) { inputs in
      let context = Pair(inputs[1], inputs[2])
      let f = transport.step(transport.step(inputs[0], for: context), for: context)
      return transport.value(of: f, for: context) + f.sum(axis: 1)
    }
  }

  /// Potential and cost as functions of the measures, which are moved within the simplex.
  @Test func implicitDerivatives() {
    let transport = EntropicTransport(cost: Self.cost, epsilon: 0.1)
    let limits = SolutionLimits(tolerance: 1e-13)
    DerivativeCheck(tolerance: 1e-5, isTwiceDifferentiable: false)([
      RandomKey(seed: 8).normal([2, 6]), RandomKey(seed: 9).normal([2, 5]),
    ]) { inputs in
      let context = Pair(inputs[0].softmax(), inputs[1].softmax())
      return try! transport.potential(for: context, limits: limits)
    }
    DerivativeCheck(tolerance: 1e-4)([
      RandomKey(seed: 8).normal([2, 6]), RandomKey(seed: 9).normal([2, 5]),
    ]) { inputs in
      let context = Pair(inputs[0].softmax(), inputs[1].softmax())
      return try! transport.transportCost(for: context, limits: limits)
    }
  }

  /// The derivative of the optimal cost with respect to the cost matrix is the plan, and both that and the
  /// potential have derivatives of their own.
  @Test(arguments: [0.2, 0.0005]) func derivativesByTheCost(epsilon: Double) throws {
    let limits = SolutionLimits(tolerance: 1e-13, maximumIterations: 100_000)
    let context = Pair(Self.measures(3, 6, seed: 21), Self.measures(3, 5, seed: 22))
    let weights = Tensor([1.0, -2, 0.5])
    let slope = try gradient(at: Self.cost) { cost in
      let transport = EntropicTransport(cost: cost, epsilon: epsilon)
      return (try transport.transportCost(for: context, limits: limits) * weights).sum()
    }
    let transport = EntropicTransport(cost: Self.cost, epsilon: epsilon)
    let potential = try transport.potential(for: context, limits: limits)
    let plan = transport.plan(potential, for: context)
    let expected = (plan * weights.reshaped(to: [3, 1, 1])).sum(axis: 0)
    #expect(isClose(slope.scalars, expected.scalars, absoluteTolerance: 1e-9).holds)
    guard epsilon > 0.1 else { return }
    DerivativeCheck(tolerance: 1e-4, hasFusedValue: true)([
      Self.cost, context.first, context.second,
    ]) { inputs in
      let transport = EntropicTransport(cost: inputs[0], epsilon: epsilon)
      // Within the simplex.
      let masses = Pair(
        inputs[1] / inputs[1].sum(axis: 1, keepsAxis: true),
        inputs[2] / inputs[2].sum(axis: 1, keepsAxis: true))
      return try! transport.transportCost(for: masses, limits: limits)
    }
    DerivativeCheck(tolerance: 1e-4, isTwiceDifferentiable: false, hasFusedValue: true)([Self.cost])
    { inputs in
      let transport = EntropicTransport(cost: inputs[0], epsilon: epsilon)
      return try! transport.potential(for: context, limits: limits)
    }
  }

  @Test func boundsEncloseTheValue() throws {
    let transport = EntropicTransport(cost: Self.cost, epsilon: 0.1)
    let context = Pair(Self.measures(4, 6, seed: 10), Self.measures(4, 5, seed: 11))
    let solved = try transport.solve(
      context, from: nil, limits: SolutionLimits(tolerance: 1e-12))
    let optimum = transport.value(of: solved.state, for: context).scalars
    #expect(
      isClose(
        transport.lowerBound(of: solved.state, for: context).scalars, optimum,
        absoluteTolerance: 1e-10
      ).holds)
    let guess = RandomKey(seed: 12).normal([4, 6]) * 0.1
    let value = transport.value(of: guess, for: context).scalars
    let bound = transport.lowerBound(of: guess, for: context).scalars
    for item in 0..<4 {
      #expect(bound[item] < optimum[item] && optimum[item] < value[item])
    }
  }

  /// A start from the solution takes no iteration, one that is shifted by a constant neither.
  @Test func startsAreStates() throws {
    let transport = EntropicTransport(cost: Self.cost, epsilon: 0.05)
    let context = Pair(Self.measures(2, 6, seed: 13), Self.measures(2, 5, seed: 14))
    let cold = try transport.solve(context)
    #expect(cold.iterations.allSatisfy { $0 > 3 })
    #expect(try transport.solve(context, from: cold.state + 0.7).iterations == [0, 0])
    let none = try transport.solve(context.items([]))
    #expect(none.statuses.isEmpty)
    #expect(throws: TransportError.notSolved(items: [0, 1])) {
      try transport.potential(
        for: context, limits: SolutionLimits(tolerance: 1e-12, maximumIterations: 1))
    }
  }
}
