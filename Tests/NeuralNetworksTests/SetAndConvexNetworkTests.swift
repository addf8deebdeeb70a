import Autodiff
import NeuralNetworks
import Testing
import _TestSupport

/// Networks with a property by construction.
struct SetAndConvexNetworkTests {
  let key = RandomKey(seed: 13)

  private func perceptron(_ sizes: [Int], _ index: Int) -> MLP {
    MLP(sizes, activation: .tanh, key: key.folded(in: index), dtype: .float64)
  }

  @Test(arguments: [true, false]) func setsHaveNoOrder(_ isMean: Bool) {
    let network = DeepSets(
      phi: perceptron([2, 4], 0), rho: perceptron([4, 3], 1), pooling: isMean ? .mean : .sum)
    let x = key.normal([3, 5, 2])
    let y = network(x)
    #expect(y.shape == [3, 3])
    let shuffled = network(x.gathering([3, 1, 4, 0, 2], axis: 1))
    #expect(isClose(y.scalars, shuffled.scalars).holds)

    // Places that are not taken don't matter, whatever stands there; an empty set pools to 0.
    let mask = Tensor([[1.0, 1, 0, 1, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]])
    let masked = network(x, mask: mask)
    let taken = network(x.slice(axis: 0, 0..<1).gathering([0, 1, 3], axis: 1))
    #expect(isClose(masked.slice(axis: 0, 0..<1).scalars, taken.scalars).holds)
    let empty = network.rho(Tensor.zeros([1, 4]))
    #expect(isClose(masked.slice(axis: 0, 1..<2).scalars, empty.scalars).holds)
    #expect(isClose(masked.slice(axis: 0, 2..<3).scalars, y.slice(axis: 0, 2..<3).scalars).holds)
    #expect(isClose(network(Tensor.zeros([1, 0, 2])).scalars, empty.scalars).holds)

    let leaves = network.leaves
    DerivativeCheck()(leaves + [x]) { all in
      network.replacingLeaves(with: Array(all.dropLast()))(all[leaves.count], mask: mask)
    }
  }

  @Test(arguments: [ConvexActivation.softplus, .relu, .elu, .leakyRelu()])
  func inputConvexNetworksAreConvex(_ activation: ConvexActivation) {
    var network = InputConvexNetwork(
      3, hidden: [8, 6], outputs: 2, activation: activation, key: key, dtype: .float64)
    // Also after the weights went anywhere.
    network.updateLeaves { leaf, index in leaf += key.folded(in: index).normal(leaf.shape) }
    expectConvex(network.callAsFunction)
    let y = key.normal([4, 3])
    if activation == .softplus {
      let leaves = network.leaves
      DerivativeCheck()(leaves + [y]) { all in
        network.replacingLeaves(with: Array(all.dropLast()))(all[leaves.count])
      }
    }
  }

  @Test func partiallyInputConvexNetworks() {
    var network = PartiallyInputConvexNetwork(
      3, contexts: 2, hidden: [8, 6], key: key, dtype: .float64)
    network.updateLeaves { leaf, index in leaf += key.folded(in: index).normal(leaf.shape) }
    let context = key.folded(in: 1).normal([2])
    expectConvex { network($0, context: context) }
    // Not so in the context.
    let line = Tensor.linearSpace(from: -6, to: 6, count: 61).expandingAxis(-1) * context
    let values = network(Tensor.ones([3]), context: line).scalars
    let bends: [Double] = (1..<60).map { index in
      let neighbours: Double = values[index - 1] + values[index + 1]
      return neighbours - 2 * values[index]
    }
    #expect(bends.contains { $0 < -1e-6 } && bends.contains { $0 > 1e-6 })

    let leaves = network.leaves
    DerivativeCheck()(leaves + [key.normal([4, 3]), context]) { all in
      network.replacingLeaves(with: Array(all.dropLast(2)))(
        all[leaves.count], context: all[leaves.count + 1])
    }
  }

  /// The value in the middle of two points is at most the mean of theirs.
  private func expectConvex(_ function: (Tensor) -> Tensor) {
    let a = key.folded(in: 50).normal([200, 3], standardDeviation: 3)
    let b = key.folded(in: 51).normal([200, 3], standardDeviation: 3)
    let (low, high) = (function((a + b) * 0.5).scalars, ((function(a) + function(b)) * 0.5).scalars)
    var strict = 0
    for (middle, mean) in zip(low, high) {
      #expect(middle <= mean + 1e-9 * (1 + Swift.abs(mean)))
      if middle < mean - 1e-3 { strict += 1 }
    }
    #expect(strict > 0, "an affine function would pass as well")
  }

  @Test func hyperNetworks() {
    let target = MLP([40, 30, 1], key: key, dtype: .float64)
    let body = Linear(16, 64, initializer: .lecunNormal, key: key.folded(in: 1), dtype: .float64)
    let hyper = HyperNetwork(making: target, from: body, features: 64, key: key.folded(in: 2))
    #expect(hyper.head.weight.shape == [64, 40 * 30 + 30 + 30 + 1])
    #expect(hyper.leafNames == ["body.weight", "body.bias", "head.weight", "head.bias"])
    let made = hyper(key.normal([50, 16]))
    #expect(made.layers[0].weight.shape == [50, 40, 30])
    let hidden = made.layers[0](key.folded(in: 3).normal([50, 10, 40]))
    // Half of a rectified layer's variance 2 is from the weights, half from the bias.
    let variance = hidden.variance(axes: [0, 1, 2]).item
    #expect(variance > 1.5 && variance < 2.5, "variance \(variance)")
    #expect(made(key.normal([50, 10, 40])).shape == [50, 10, 1])

    let small = MLP([2, 2], activation: .tanh, key: key, dtype: .float64)
    let network = HyperNetwork(
      making: small, from: Linear(3, 4, key: key, dtype: .float64), features: 4, key: key)
    let leaves = network.leaves
    DerivativeCheck()(leaves + [key.normal([3, 3]), key.normal([3, 5, 2])]) { all in
      network.replacingLeaves(with: Array(all.prefix(leaves.count)))(all[leaves.count])(
        all[leaves.count + 1])
    }
  }
}
