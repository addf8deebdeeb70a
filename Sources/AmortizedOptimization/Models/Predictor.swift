import Autodiff
import DifferentiableOptimization
import NeuralNetworks

/// A fully amortized model: a network from features of the context to a point.
///
/// ```swift
/// // onto the sphere: the network's output, normalized
/// let model = Predictor(MLP([16, 128, 3], key: key), of: problem) { network, x, _ in
///   network(x).normalized()
/// }
/// ```
public struct Predictor<Problem: ParametricProblem, Network: TensorStructure>: Amortizer {
  public typealias State = Problem.Point

  public var network: Network
  private let predict:
    @Sendable (_ network: Network, _ context: Problem.Context, _ problem: Problem) -> Problem.Point

  /// - Parameters:
  ///   - network: any structure of tensors; all are trained.
  ///   - problem: only tells what problem it is.
  ///   - predict: the point for a batch of contexts: a network's output, through a chart of the domain, a
  ///     decoder, a projection or completion onto the constraints, or a layer that solves.
  public init(
    _ network: Network, of problem: Problem,
    _ predict:
      @escaping @Sendable (
        _ network: Network, _ context: Problem.Context, _ problem: Problem
      ) -> Problem.Point
  ) {
    self.network = network
    self.predict = predict
  }

  public func initial(_ oracle: Oracle<Problem>) -> Problem.Point {
    predict(network, oracle.context, oracle.problem)
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) { visit("network", &network) }
}

extension Predictor: WarmStarter where Problem: SolutionMap, Problem.State == Problem.Point {
  public func point(of state: State, _ oracle: Oracle<Problem>) -> Problem.Point {
    oracle.problem.point(of: state, for: oracle.context)
  }
}
