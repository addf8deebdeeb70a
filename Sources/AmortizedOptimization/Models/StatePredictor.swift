import Autodiff
import DifferentiableOptimization
import NeuralNetworks

/// A network from contexts to states of a problem's solver, in the units of a solved set: contexts and states are
/// centered and scaled entry by entry by their means and standard deviations there. The model for a problem of
/// one's own:
///
/// ```swift
/// let solved = try SolvedSet(of: family, over: contexts, count: 2000, key: keys[0])
/// var model = StatePredictor(for: family, from: solved, hidden: [64, 64], key: keys[1])
/// try Trainer(Adam(learningRate: 1e-3), for: .epochs(100)).train(
///   &model, of: family, over: solved.batches(of: 64, key: keys[2]), loss: .regression)
/// ```
public struct StatePredictor<Map: SolutionMap>: WarmStarter {
  public typealias Problem = Map
  public typealias State = Map.State

  /// The network, of the scaled entries of a context, `[B, inputs]`, to those of a state, `[B, outputs]`.
  public var network: MLP
  private let inputs: Scaling
  private let outputs: Scaling
  /// A state without items, whose tensors give shapes and types.
  private let form: Map.State

  /// Mean and standard deviation of the entries.
  private struct Scaling: Sendable {
    let mean: Tensor
    let deviation: Tensor

    init<Value: TensorStructure>(_ values: Value) {
      let flat = values.flatItems
      mean = flat.mean(axis: 0)
      let deviation = sqrt(square(flat - mean).mean(axis: 0))
      // Entries that never change stay as they are.
      self.deviation = select(
        deviation .> 1e-12, deviation, Tensor.ones(deviation.shape))
    }
  }

  /// A network with random weights; its first prediction is near the mean state.
  public init(
    for map: Map, from solved: SolvedSet<Map>, hidden: [Int] = [128, 128],
    activation: Activation = .relu, key: RandomKey, dtype: DType = .float32
  ) {
    precondition(solved.count > 0, "StatePredictor: a solved set without contexts")
    inputs = Scaling(solved.context)
    outputs = Scaling(solved.state)
    form = solved.state.items([])
    network = MLP(
      [inputs.mean.count] + hidden + [outputs.mean.count], activation: activation, key: key,
      dtype: dtype)
  }

  public func initial(_ oracle: Oracle<Map>) -> Map.State {
    let scaled = (oracle.context.flatItems - inputs.mean) / inputs.deviation
    let flat = network(scaled.asType(network.layers[0].weight.dtype)).asType(.float64)
    return (flat * outputs.deviation + outputs.mean).unflattenedItems(like: form)
  }

  /// The network's own units, in which a regression is well conditioned.
  public func scaled(_ state: Map.State) -> Map.State {
    let mean = outputs.mean.unflattenedItems(like: form)
    let deviation = outputs.deviation.unflattenedItems(like: form)
    return state.zipLeaves(mean) { $0 - $1 }.zipLeaves(deviation) { $0 / $1 }
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) { visit("network", &network) }
}

extension TensorStructure {
  /// All entries of every item beside each other, float64: `[B, entries]`.
  public var flatItems: Tensor {
    let parts = leaves.filter { $0.count > 0 || $0.shape[0] == 0 }.map {
      $0.asType(.float64).reshaped(to: [$0.shape[0], elementCount(Array($0.shape.dropFirst()))])
    }
    return parts.count == 1 ? parts[0] : concatenate(parts, axis: 1)
  }
}

extension Tensor {
  /// The structure whose flat items these are, `[B, entries]` or, for one item that is shared by a batch,
  /// `[entries]`.
  ///
  /// - Parameter form: gives the shapes, after the axis of the items, and the types.
  public func unflattenedItems<Value: TensorStructure>(like form: Value) -> Value {
    let flat = rank == 1 ? reshaped(to: [1, count]) : self
    var first = 0
    var result = form
    result.updateLeaves { leaf, _ in
      let shape = Array(leaf.shape.dropFirst())
      let size = elementCount(shape)
      leaf = flat.slice(axis: 1, first..<first + size).reshaped(to: [flat.shape[0]] + shape)
        .asType(leaf.dtype)
      first += size
    }
    precondition(
      first == flat.shape[1], "unflattenedItems: \(flat.shape[1]) entries for \(first)")
    return result
  }
}
