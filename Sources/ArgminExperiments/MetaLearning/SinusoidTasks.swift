import Argmin

/// Regression tasks: `y = a sin(x - phi)` with an amplitude a from 0.1 to 5, a phase phi from 0 to pi, and
/// points x from -5 to 5 (Finn, Abbeel and Levine 2017, section 5.1).
struct SinusoidTasks: Sendable {
  /// `[tasks, 1, 1]`
  let amplitudes: Tensor
  let phases: Tensor
  private let key: RandomKey

  init(_ count: Int, key: RandomKey) {
    let keys = key.split(into: 3)
    amplitudes = keys[0].uniform([count, 1, 1], low: 0.1, high: 5, dtype: .float32)
    phases = keys[1].uniform([count, 1, 1], low: 0, high: .pi, dtype: .float32)
    self.key = keys[2]
  }

  var count: Int { amplitudes.count }

  /// Points `[tasks, count, 1]` and their values; other ones for every `draw`.
  func points(_ count: Int, draw: Int) -> Pair<Tensor, Tensor> {
    let x = key.folded(in: draw).uniform(
      [self.count, count, 1], low: -5, high: 5, dtype: .float32)
    return Pair(x, amplitudes * sin(x - phases))
  }
}

/// The mean squared error of each task's network, `[tasks]`.
@Sendable func taskErrors(_ networks: MLP, _ points: Pair<Tensor, Tensor>) -> Tensor {
  square(networks(points.first) - points.second).mean(axes: [1, 2])
}

/// The sum of the errors of independent tasks, the loss of which every task's network sees its own part.
@Sendable func summedTaskErrors(_ networks: MLP, _ points: Pair<Tensor, Tensor>) -> Tensor {
  taskErrors(networks, points).sum()
}

extension MLP {
  /// A copy of the network for every task: weights with a leading axis.
  func repeated(_ count: Int) -> MLP { mapLeaves { $0.broadcast(to: [count] + $0.shape) } }
}
