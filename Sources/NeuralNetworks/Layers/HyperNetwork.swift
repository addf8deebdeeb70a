import Autodiff

/// A network that makes the parameters of another one from its input (Ha, Dai and Le 2017): features from a
/// body, then a linear map to all elements of the parameters.
///
/// ```swift
/// let target = MLP([2, 16, 1], key: key)
/// let hyper = HyperNetwork(making: target, from: body, features: 32, key: key)
/// let y = hyper(context)(x)  // context [B, ...], x [B, n, 2] -> y [B, n, 1]
/// ```
public struct HyperNetwork<Body: Layer, Target: TensorStructure>: TensorStructure {
  /// From the input to `[..., features]`.
  public var body: Body
  /// From features to the elements of the parameters: weight `[features, P]`, bias `[P]`.
  public var head: Linear
  /// The shapes of the parameters and all that is not a tensor; its tensors are not trained.
  public let target: Target

  /// A head with the hyperfan-in initialization (Chang, Flokas and Lipson 2020): the target's outputs have
  /// the variance at the beginning that they would have with usual weights, whatever the size of the
  /// hypernetwork.
  ///
  /// Matrices `[..., inputs, outputs]` of the target get the variance
  /// `relu / (2 inputs features featureVariance)` per element of the head, vectors
  /// `relu / (2 features featureVariance)`, with relu = 2 for rectified layers, else 1; both share the
  /// variance evenly, unless the target has no vectors.
  ///
  /// - Parameters:
  ///   - target: a structure such as an `MLP`; its tensors give shapes and types.
  ///   - features: the length of the last axis of what the body makes.
  ///   - featureVariance: the variance of an element of the features.
  ///   - isRectified: whether the target's layers are followed by rectifiers.
  public init(
    making target: Target, from body: Body, features: Int, featureVariance: Double = 1,
    isRectified: Bool = true, key: RandomKey
  ) {
    let leaves = target.leaves
    precondition(!leaves.isEmpty, "HyperNetwork: a target without tensors")
    let hasBiases = leaves.contains { $0.rank < 2 }
    let columns = zip(leaves, key.split(into: leaves.count)).map { leaf, key in
      let initializer =
        leaf.rank < 2
        ? Initializer.hyperfanInBias(isRectified: isRectified, featureVariance: featureVariance)
        : Initializer.hyperfanIn(
          inputs: leaf.shape[leaf.rank - 2], makesBias: hasBiases, isRectified: isRectified,
          featureVariance: featureVariance)
      return initializer(
        [features, leaf.count], inputs: features, outputs: leaf.count, key: key,
        dtype: leaf.dtype)
    }
    self.body = body
    head = Linear(
      weight: concatenate(columns, axis: 1),
      bias: Tensor.zeros([target.leafScalarCount], dtype: leaves[0].dtype))
    self.target = target.stoppingGradient()
  }

  /// The parameters for an input: those of the target, with the input's batch axes in front.
  public func callAsFunction(_ x: Tensor) -> Target {
    target.unflattened(from: head(body(x)))
  }

  public mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("body", &body)
    visit("head", &head)
  }
}

extension Initializer {
  /// For the weights `[features, ...]` of a hypernetwork's last layer that makes the weights of a layer
  /// (Chang, Flokas and Lipson 2020, table 1, hyperfan-in):
  /// variance `relu / ((makesBias ? 2 : 1) inputs features featureVariance)`, normal.
  ///
  /// - Parameters:
  ///   - inputs: of the layer whose weights are made.
  ///   - makesBias: whether the hypernetwork makes the layer's bias as well.
  ///   - isRectified: whether the layer is followed by a rectifier (relu = 2, else 1).
  ///   - featureVariance: the variance of an element of the features.
  public static func hyperfanIn(
    inputs: Int, makesBias: Bool, isRectified: Bool = true, featureVariance: Double = 1
  ) -> Initializer {
    .normal { features, _ in
      (isRectified ? 2 : 1)
        / ((makesBias ? 2 : 1) * Double(max(inputs, 1)) * Double(max(features, 1))
          * featureVariance)
    }
  }

  /// For those that make a layer's bias: variance `relu / (2 features featureVariance)`, normal.
  public static func hyperfanInBias(isRectified: Bool = true, featureVariance: Double = 1)
    -> Initializer
  {
    .normal { features, _ in
      (isRectified ? 2 : 1) / (2 * Double(max(features, 1)) * featureVariance)
    }
  }
}
