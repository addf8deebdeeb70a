import Autodiff
import DifferentiableOptimization

/// What a model is trained to make small, per item, of one of its states; evaluated at the last state unless it
/// is summed over all.
///
/// ```swift
/// let loss: AmortizationLoss<Model, EmptyStructure> = .objective + .violation * 10
/// ```
///
/// Losses are added and scaled. `Label` is what comes with a context: nothing, a solution, a solver's state.
public struct AmortizationLoss<Model: Amortizer, Label: TensorStructure>: Sendable {
  /// `[B]` from a state and the labels.
  let perItem: @Sendable (_ iterate: Iterate<Model>, _ label: Label) -> Tensor
  /// The weights of the states, first to last; nil for the last alone.
  private(set) var weights: (@Sendable (_ count: Int) -> [Double])?

  /// A loss of one's own: `[B]` from a state on the model's way and the labels.
  public init(
    _ perItem: @escaping @Sendable (_ iterate: Iterate<Model>, _ label: Label) -> Tensor
  ) {
    self.perItem = perItem
  }

  /// The problem's objective at the point.
  public static var objective: Self {
    Self { iterate, _ in iterate.oracle.value(of: iterate.point) }
  }

  /// The problem's violation of its constraints at the point.
  public static var violation: Self {
    Self { iterate, _ in
      iterate.oracle.problem.violation(of: iterate.point, for: iterate.oracle.context)
    }
  }

  /// This loss summed over the states with weights `discount^(K - k)` for the k-th of K updates: 1 weighs all
  /// alike, 0 the last alone. The sum of the weights is 1.
  public func summed(discount: Double = 1) -> Self {
    var result = self
    result.weights = { count in
      let powers = (0..<count).map { index in
        (index..<count - 1).reduce(1.0) { product, _ in product * discount }
      }
      let total = powers.reduce(0, +)
      return powers.map { $0 / total }
    }
    return result
  }

  public static func + (a: Self, b: Self) -> Self {
    precondition(
      a.weights == nil && b.weights == nil,
      "AmortizationLoss: add losses first, then sum them over the states")
    return Self { a.perItem($0, $1) + b.perItem($0, $1) }
  }

  public static func * (a: Self, factor: Double) -> Self {
    var result = Self { a.perItem($0, $1) * factor }
    result.weights = a.weights
    return result
  }

  /// The mean over the batch, of the states with their weights.
  func mean(_ iterates: [Iterate<Model>], _ label: Label) -> Tensor {
    guard let weights else { return perItem(iterates.last!, label).mean() }
    var sum: Tensor?
    for (iterate, weight) in zip(iterates, weights(iterates.count)) where weight != 0 {
      let term = perItem(iterate, label).mean() * weight
      sum = sum.map { $0 + term } ?? term
    }
    return sum!
  }
}

extension AmortizationLoss where Label == Model.Problem.Point {
  /// The squared distance of the point from the solution, summed over its entries.
  public static var regression: Self {
    Self { squaredDistance($0.point, $1) }
  }
}

extension AmortizationLoss where Model: WarmStarter, Label == Model.Problem.State {
  /// The squared distance of the solver's state from the state at the solution. If the model gives the scales
  /// of the states' entries, distances count in those.
  public static var regression: Self {
    Self { iterate, label in
      squaredDistance(
        iterate.model.scaled(iterate.model.start(of: iterate.state, iterate.oracle)),
        iterate.model.scaled(label))
    }
  }
}

extension AmortizationLoss where Model: WarmStarter {
  /// The problem's residual of the solver's state.
  public static var residual: Self {
    Self { iterate, _ in
      iterate.oracle.problem.residual(
        of: iterate.model.start(of: iterate.state, iterate.oracle), for: iterate.oracle.context)
    }
  }

  /// The logarithm of the residual, which counts every power of ten alike.
  public static var logResidual: Self {
    let residual = residual
    return Self { log(residual.perItem($0, $1) + 1e-12) }
  }
}

/// The sum over all entries of an item of `(a - b)²`, `[B]`.
private func squaredDistance<Value: TensorStructure>(_ a: Value, _ b: Value) -> Tensor {
  let parts = zip(a.leaves, b.leaves).filter { $0.0.count > 0 }.map { a, b in
    square(a - b.asType(a.dtype)).flattenedItems.sum(axis: -1)
  }
  return parts.dropFirst().reduce(parts[0]) { $0 + $1.asType($0.dtype) }
}
