import Autodiff
import DifferentiableOptimization
import NeuralNetworks
import Testing
import _TestSupport

/// A small regression by a nonlinear model: parameters `[weights, bias]`, context `[features, targets]`.
@Sendable private func innerLoss(_ parameters: [Tensor], _ context: [Tensor]) -> Tensor {
  let hidden = tanh(matmul(context[0], parameters[0]) + parameters[1])
  return square(hidden.sum(axis: 1) - context[1]).mean()
}

private func problem(seed: UInt64 = 1) -> (parameters: [Tensor], context: [Tensor]) {
  var random = TestGenerator(seed: seed)
  return (
    [random.tensor([3, 2]), random.tensor([2])], [random.tensor([6, 3]), random.tensor([6])]
  )
}

/// Initial parameters, data and hyperparameters as one list, so that all derivatives are checked. Inside a
/// `jvp` the optimizer moves by tensor operations as it does in derivatives; its step in place rounds
/// differently.
private func trained<Method: Optimizer>(
  _ inputs: [Tensor], steps: Int, estimator: GradientEstimator,
  _ optimizer: ([Tensor]) -> Method
) -> Tensor {
  jvp(at: inputs, along: inputs.zerosLike) { inputs in
    let loop = InnerLoop(optimizer(Array(inputs[4...])), steps: steps, estimator: estimator)
    let end = loop(from: Array(inputs[..<2]), with: Array(inputs[2..<4]), loss: innerLoss)
    return concatenate(
      end.parameters.map { $0.reshaped(to: [$0.count]) } + [stack(end.losses)])
  }.value
}

@Suite struct InnerLoopTests {
  static let exact: [GradientEstimator] = [
    .unrolled, .checkpointed(), .checkpointed(every: 2), .truncated(every: 5), .lastSteps(7),
  ]

  @Test(arguments: exact)
  func exactEstimatorsAgreeWithDifferences(_ estimator: GradientEstimator) {
    let (parameters, context) = problem()
    let hyperparameters = [Tensor(0.2), Tensor(0.7), Tensor(0.05)]
    DerivativeCheck()(parameters + context + hyperparameters) {
      trained($0, steps: 5, estimator: estimator) {
        SGD(learningRate: $0[0], momentum: $0[1], weightDecay: $0[2], isNesterov: true)
      }
    }
  }

  @Test func adamsHyperparametersAgreeWithDifferences() {
    let (parameters, context) = problem(seed: 2)
    let hyperparameters = [Tensor(0.05), Tensor(0.8), Tensor(0.95), Tensor(1e-3)]
    DerivativeCheck(tolerance: 1e-5)(parameters + context + hyperparameters) {
      trained($0, steps: 4, estimator: .checkpointed(every: 3)) {
        Adam(learningRate: $0[0], beta1: $0[1], beta2: $0[2], epsilon: $0[3])
      }
    }
  }

  @Test func ratesOfEveryParameter() {
    let (parameters, context) = problem(seed: 3)
    let rates = [Tensor(0.5), Tensor([0.3, 1.5])]
    DerivativeCheck()(parameters + context + rates) {
      trained($0, steps: 3, estimator: .unrolled) {
        SGD(learningRate: 0.1).withRateFactors([$0[0], $0[1]])
      }
    }
  }

  @Test func checkpointedIsUnrolledToTheBit() {
    let (parameters, context) = problem()
    func slope(_ estimator: GradientEstimator) -> [Tensor] {
      gradient(at: parameters + context + [Tensor(0.2)]) { inputs in
        square(trained(inputs, steps: 10, estimator: estimator) { SGD(learningRate: $0[0]) }).sum()
      }
    }
    let unrolled = slope(.unrolled).leafScalars
    for every in [nil, 1, 3, 10] {
      let values = slope(.checkpointed(every: every)).leafScalars
      #expect(isClose(values, unrolled, relativeTolerance: 1e-13).holds)
    }
  }

  /// With constant inner gradients the result is the initial value minus constants.
  @Test func firstOrderStopsTheInnerGradient() {
    let (parameters, context) = problem()
    let loop = InnerLoop(SGD(learningRate: 0.1), steps: 4, estimator: .firstOrder)
    let weights = parameters.map { $0 * 2 + 1 }
    let (first, data) = gradient(at: parameters, context) { parameters, context in
      zip(loop(from: parameters, with: context, loss: innerLoss).parameters, weights)
        .reduce(Tensor(0)) { $0 + ($1.0 * $1.1).sum() }
    }
    #expect(first.leafScalars == weights.leafScalars)
    #expect(data.leafScalars.allSatisfy { $0 == 0 })
    // With respect to the learning rate: minus the sum of the gradients along the way.
    let rate = gradient(at: Tensor(0.1)) { rate in
      InnerLoop(SGD(learningRate: rate), steps: 4, estimator: .firstOrder)(
        from: parameters, with: context, loss: innerLoss
      ).parameters[1].sum()
    }
    let end = loop(from: parameters, with: context, loss: innerLoss).parameters[1]
    let expected = (end - parameters[1]).sum().item / 0.1
    #expect(abs(rate.item - expected) < 1e-12)
  }

  @Test func shortEstimatorsIgnoreTheBeginning() {
    let (parameters, context) = problem()
    func slope(_ estimator: GradientEstimator, steps: Int = 6, from start: [Tensor]) -> [[Tensor]] {
      let inputs = gradient(at: start + context + [Tensor(0.2)]) { inputs in
        let loop = InnerLoop(SGD(learningRate: inputs[4]), steps: steps, estimator: estimator)
        return loop(
          from: Array(inputs[..<2]), with: Array(inputs[2..<4]), loss: innerLoss
        ).parameters.reduce(Tensor(0)) { $0 + square($1).sum() }
      }
      return [Array(inputs[..<2]), Array(inputs[2..<4]), Array(inputs[4...])]
    }
    let middle = InnerLoop(SGD(learningRate: 0.2), steps: 4)(
      from: parameters, with: context, loss: innerLoss
    ).parameters
    let two = slope(.unrolled, steps: 2, from: middle)
    let last = slope(.lastSteps(2), from: parameters)
    #expect(last[0].leafScalars.allSatisfy { $0 == 0 })
    #expect(isClose(last[1].leafScalars, two[1].leafScalars).holds)
    #expect(isClose(last[2].leafScalars, two[2].leafScalars).holds)
    let truncated = slope(.truncated(every: 2), from: parameters)
    #expect(truncated[0].leafScalars.allSatisfy { $0 == 0 })
    #expect(isClose(truncated[1].leafScalars, two[1].leafScalars).holds)
  }

  @Test(
    arguments: [
      .conjugateGradients(relativeTolerance: 1e-13), .neumann(terms: 300, step: 0.3), .dense,
    ] as [ImplicitLinearSolver])
  func implicitIsExactAtConvergence(_ solver: ImplicitLinearSolver) {
    let (parameters, context) = problem()
    // Neither the learning rate nor the number of steps matters at the minimizer, so it is left out.
    DerivativeCheck()(parameters + context) { inputs in
      let loop = InnerLoop(
        SGD(learningRate: 0.4), steps: 400,
        estimator: .implicit(solver: solver, proximalStrength: 0.7))
      let end = loop(from: Array(inputs[..<2]), with: Array(inputs[2...]), loss: innerLoss)
      #expect(end.certificate!.residuals[0] < 1e-10)
      return concatenate(end.parameters.map { $0.reshaped(to: [$0.count]) })
    }
  }

  @Test func implicitAgreesWithUnrolledSteps() {
    let (parameters, context) = problem()
    func slope(_ estimator: GradientEstimator, regularized: Bool) -> [Double] {
      gradient(at: context) { context in
        InnerLoop(SGD(learningRate: 0.4), steps: 500, estimator: estimator)(
          from: parameters, with: context
        ) { y, context in
          innerLoss(y, context) + (square(y[0]).sum() + square(y[1]).sum()) * 0.2
        }.parameters[0].sum()
      }.leafScalars
    }
    #expect(
      isClose(
        slope(.implicit(), regularized: true), slope(.unrolled, regularized: true),
        relativeTolerance: 1e-7
      ).holds)
  }

  @Test func unconvergedImplicitIsReported() {
    let (parameters, context) = problem()
    let loop = InnerLoop(
      SGD(learningRate: 0.1), steps: 1, estimator: .implicit(proximalStrength: 0.5))
    let end = loop(from: parameters, with: context, loss: innerLoss)
    #expect(!end.certificate!.isConverged)
    #expect(end.losses.count == 1)
  }

  /// Tasks in the first axis: implicit derivatives of each are those of the task alone.
  @Test func batchedTasksAreIndependent() {
    var random = TestGenerator(seed: 4)
    let start = random.tensor([3, 2])
    let targets = random.tensor([3, 2])
    @Sendable func loss(_ y: Tensor, _ target: Tensor) -> Tensor {
      (square(y - target) + square(square(y))).sum()
    }
    func slope(_ start: Tensor, _ targets: Tensor, isBatched: Bool) -> Tensor {
      gradient(at: targets) { targets in
        InnerLoop(
          SGD(learningRate: 0.1), steps: 300, estimator: .implicit(proximalStrength: 1),
          isBatched: isBatched)(from: start, with: targets, loss: loss).parameters.sum()
      }
    }
    let together = slope(start, targets, isBatched: true)
    for item in 0..<3 {
      let alone = slope(
        start.slice(axis: 0, item..<item + 1), targets.slice(axis: 0, item..<item + 1),
        isBatched: false)
      #expect(
        isClose(
          together.slice(axis: 0, item..<item + 1).scalars, alone.scalars, relativeTolerance: 1e-8
        ).holds)
    }
  }

  @Test func hyperparametersAreNamedLeaves() {
    let loop = InnerLoop(SGD(learningRate: 0.1, momentum: 0.9), steps: 3)
    #expect(loop.leafNames == ["optimizer.learningRate", "optimizer.momentum"])
  }

  /// What the optimizer remembers goes on, so two loops in a row are one of their length.
  @Test func stateIsHandedOn() {
    let (parameters, context) = problem()
    let optimizer = Adam(learningRate: 0.05)
    func run(_ steps: Int, _ start: [Tensor], _ state: OptimizerState?) -> (
      [Tensor], OptimizerState
    ) {
      let end = InnerLoop(optimizer, steps: steps)(
        from: start, with: context, state: state, loss: innerLoss)
      return (end.parameters, end.state)
    }
    let (middle, state) = run(3, parameters, nil)
    let (twice, _) = run(4, middle, state)
    let (once, _) = run(7, parameters, nil)
    #expect(twice.leafScalars == once.leafScalars)
  }

  /// The index of the step and random numbers from it: a step computed again sees the same.
  @Test func randomStepsAreReplayed() {
    let (parameters, context) = problem()
    let key = RandomKey(seed: 5)
    func slope(_ estimator: GradientEstimator) -> [Double] {
      gradient(at: parameters) { parameters in
        InnerLoop(SGD(learningRate: 0.2), steps: 6, estimator: estimator)(
          from: parameters, with: context
        ) { y, context, step in
          innerLoss(y, context) + (y[1] * key.folded(in: step).normal([2])).sum() * 0.3
        }.parameters[0].sum()
      }.leafScalars
    }
    #expect(
      isClose(slope(.checkpointed(every: 2)), slope(.unrolled), relativeTolerance: 1e-13).holds)
  }

  @Test func noStepsAreTheIdentity() {
    let (parameters, context) = problem()
    for estimator in [GradientEstimator.unrolled, .checkpointed(), .firstOrder, .lastSteps(3)] {
      let slope = gradient(at: parameters) {
        InnerLoop(SGD(learningRate: 0.1), steps: 0, estimator: estimator)(
          from: $0, with: context, loss: innerLoss
        ).parameters[1].sum()
      }
      #expect(slope[1].scalars == [1, 1])
    }
  }

  @Test func singlePrecisionParameters() {
    let slope = gradient(at: Tensor([1, 2], dtype: .float32)) { start in
      InnerLoop(
        SGD(learningRate: 0.1), steps: 200,
        estimator: .implicit(proximalStrength: 2))(
          from: start, with: Tensor([3, 5], dtype: .float32)
        ) { y, target in square(y - target).sum() }.parameters.sum()
    }
    #expect(slope.dtype == .float32)
    #expect(slope.scalars.allSatisfy { abs($0 - 0.5) < 1e-5 })
  }
}
