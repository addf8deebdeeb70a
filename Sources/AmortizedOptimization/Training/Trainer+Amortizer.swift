import Autodiff
import DifferentiableOptimization
import NeuralNetworks

extension Trainer {
  /// Trains a model of a problem's solutions.
  ///
  /// ```swift
  /// try Trainer(Adam(learningRate: 1e-3), for: .steps(2000)).train(
  ///   &model, of: problem, over: contexts.batches(of: 128, key: key), loss: .objective)
  /// ```
  ///
  /// - Parameters:
  ///   - model: all its tensors are trained.
  ///   - problem: a constant; see the other form for problems with parameters of their own.
  ///   - batches: contexts and their labels.
  ///   - loss: what is made small.
  ///   - estimator: how its gradient is obtained.
  ///   - steps: the updates of the model in training; nil for its own number.
  ///   - validation: a number to be small on data held out, computed for every record.
  @discardableResult
  public func train<Model: Amortizer, Label: TensorStructure, Batches: BatchSource>(
    _ model: inout Model, of problem: Model.Problem, over batches: Batches,
    loss: AmortizationLoss<Model, Label>, estimator: Estimator = .unrolled, steps: Int? = nil,
    validation: ((Model) throws -> Double)? = nil
  ) throws -> TrainingReport
  where Batches.Batch == Pair<Model.Problem.Context, Label> {
    try train(
      &model, on: batches, gradient: estimator.gradientRule, validation: validation
    ) { model, batch, key in
      loss.mean(model, problem, batch, estimator, steps: steps, key)
    }
  }

  /// Trains a model of a problem's solutions and the problem's own parameters together, by the same loss. For
  /// the objective as loss that is right for both: at the solution the derivative of the optimal value with
  /// respect to a parameter is that of the objective (the envelope theorem).
  @discardableResult
  public func train<Model: Amortizer, Label: TensorStructure, Batches: BatchSource>(
    _ model: inout Model, andProblem problem: inout Model.Problem, over batches: Batches,
    loss: AmortizationLoss<Model, Label>, estimator: Estimator = .unrolled, steps: Int? = nil,
    validation: ((Model, Model.Problem) throws -> Double)? = nil
  ) throws -> TrainingReport
  where Batches.Batch == Pair<Model.Problem.Context, Label> {
    var both = Pair(model, problem)
    defer { (model, problem) = (both.first, both.second) }
    return try train(
      &both, on: batches, gradient: estimator.gradientRule,
      validation: validation.map { validation in { try validation($0.first, $0.second) } }
    ) { both, batch, key in
      loss.mean(both.first, both.second, batch, estimator, steps: steps, key)
    }
  }
}

extension Estimator {
  /// What the training loop computes gradients by.
  var gradientRule: GradientRule {
    guard case .evolutionStrategies(let deviation, let pairs) = self else { return .reverseMode }
    return .evolutionStrategies(standardDeviation: deviation, pairs: pairs)
  }
}

extension AmortizationLoss {
  /// The loss of a batch.
  package func mean(
    _ model: Model, _ problem: Model.Problem, _ batch: Pair<Model.Problem.Context, Label>,
    _ estimator: Estimator, steps: Int?, _ key: RandomKey
  ) -> Tensor {
    var iterates = model.iterates(
      batch.first, of: problem, steps: steps, key: key, estimator: estimator)
    if case .implicit(let strength, let solver) = estimator {
      iterates = [iterates.settled(proximalStrength: strength, solver: solver)]
    }
    return mean(iterates, batch.second)
  }
}

extension Array {
  /// The last state as the minimizer of the objective with a proximal term around the first.
  fileprivate func settled<Model: Amortizer>(
    proximalStrength strength: Double, solver: ImplicitLinearSolver
  ) -> Iterate<Model> where Element == Iterate<Model> {
    let (first, last) = (self[0], self[count - 1])
    guard let start = first.state as? Model.Problem.Point,
      let end = last.state as? Model.Problem.Point
    else {
      preconditionFailure(
        "Estimator.implicit: the states, \(Model.State.self), are no points, \(Model.Problem.Point.self)"
      )
    }
    let key = first.oracle.key
    let answer = stationaryPoint(
      at: Pair(Pair(start, first.oracle.problem), first.oracle.context), solver: solver,
      isBatched: true,
      of: { point, inputs in
        let distance = zip(point.leaves, inputs.first.first.leaves).reduce(Tensor(0)) {
          $0 + square($1.0 - $1.1).sum().asType(.float64)
        }
        let value = inputs.first.second.value(of: point, for: inputs.second, key: key).sum()
        return value + (distance * (strength / 2)).asType(value.dtype)
      },
      solution: { _ in end.stoppingGradient() })
    return Iterate(model: last.model, oracle: last.oracle, state: answer.value as! Model.State)
  }
}
