import Autodiff
import DifferentiableOptimization
import Foundation
import NeuralNetworks

/// A network from contexts to states of a problem's solver, in the units of a solved set: contexts and states are
/// centered and scaled entry by entry by their means and standard deviations there. The model for a problem of
/// one's own:
///
/// ```swift
/// let solved = try SolvedSet(of: family, over: contexts, count: 2000, key: keys[0])
/// var model = try StatePredictor(for: family, from: solved, hidden: [64, 64], key: keys[1])
/// try Trainer(Adam(learningRate: 1e-3), for: .epochs(100)).train(
///   &model, of: family, over: solved.batches(of: 64, key: keys[2]), loss: .regression)
/// ```
public struct StatePredictor<Map: SolutionMap>: WarmStarter {
  public typealias Problem = Map
  public typealias State = Map.State

  /// The network, of the scaled entries of a context, `[B, inputs]`, to those of a state, `[B, outputs]`.
  public var network: MLP
  private var inputs: Scaling
  private var outputs: Scaling
  /// A state without items, whose tensors give shapes and types.
  private let form: Map.State

  /// Mean and standard deviation of the entries.
  private struct Scaling: Sendable {
    let mean: Tensor
    let deviation: Tensor

    init(mean: Tensor, deviation: Tensor) {
      self.mean = mean
      self.deviation = deviation
    }

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
  ///
  /// - Throws: `AmortizationError.tooFew` of a set without contexts.
  public init(
    for map: Map, from solved: SolvedSet<Map>, hidden: [Int] = [128, 128],
    activation: Activation = .relu, key: RandomKey, dtype: DType = .float32
  ) throws(AmortizationError) {
    guard solved.count > 0 else { throw .tooFew(argument: "solved", needed: 1, actual: 0) }
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

// MARK: - Files

extension StatePredictor {
  /// The tensors of a file: the network and its units.
  private var stored: Pair<MLP, [String: Tensor]> {
    Pair(
      network,
      [
        "inputMean": inputs.mean, "inputDeviation": inputs.deviation, "outputMean": outputs.mean,
        "outputDeviation": outputs.deviation,
      ])
  }

  /// Writes the model as safetensors, all that is needed to use it: the network and its units.
  ///
  /// - Parameter problem: what it was trained for; a file is read for the same problem only.
  /// - Throws: `TensorFileError`.
  public func save(to file: URL, problem: String) throws {
    let sizes = network.layers.map(\.inputs) + [network.layers[network.layers.count - 1].outputs]
    try stored.save(
      to: file,
      metadata: ["problem": problem, "sizes": sizes.map(String.init).joined(separator: " ")])
  }

  /// Reads a model that `save` wrote.
  ///
  /// - Parameters:
  ///   - problem: what it was trained for.
  ///   - map: the solver that it is to start.
  ///   - context: any batch of one context or more, which tells the shape of a state.
  ///   - activation: that of the network.
  /// - Throws: `TensorFileError`; what the solver throws of the context.
  public init(
    contentsOf file: URL, problem: String, for map: Map, context: Map.Context,
    activation: Activation = .relu
  ) throws {
    let contents = try SafeTensors(contentsOf: file)
    func malformed(_ reason: String) -> TensorFileError {
      .malformed(file: file.path, reason: reason)
    }
    guard contents.metadata["problem"] == problem else {
      throw malformed("is for the problem \"\(contents.metadata["problem"] ?? "")\"")
    }
    let sizes = (contents.metadata["sizes"] ?? "").split(separator: " ").compactMap { Int($0) }
    form = try map.solve(
      context.items([0]), from: nil, limits: SolutionLimits(maximumIterations: 0)
    ).state.items([])
    let (inputCount, outputCount) = (context.flatItems.shape[1], form.flatItems.shape[1])
    guard sizes.count >= 2, sizes[0] == inputCount, sizes[sizes.count - 1] == outputCount else {
      throw malformed(
        "has a network of sizes \(sizes) for \(inputCount) inputs, \(outputCount) outputs")
    }
    let dtype = contents.tensors["first.layers.0.weight"]?.dtype ?? .float32
    network = MLP(sizes, activation: activation, key: RandomKey(seed: 0), dtype: dtype)
    inputs = Scaling(mean: .zeros([inputCount]), deviation: .zeros([inputCount]))
    outputs = Scaling(mean: .zeros([outputCount]), deviation: .zeros([outputCount]))
    var stored = stored
    try stored.load(from: file)
    network = stored.first
    inputs = Scaling(mean: stored.second["inputMean"]!, deviation: stored.second["inputDeviation"]!)
    outputs = Scaling(
      mean: stored.second["outputMean"]!, deviation: stored.second["outputDeviation"]!)
  }
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
