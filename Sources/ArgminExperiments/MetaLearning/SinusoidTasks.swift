import Argmin
import Foundation

/// A batch of regression tasks (Finn, Abbeel and Levine 2017, section 5.1): each is a sinusoid of its own
/// amplitude and phase, of which a few points are given (support) and others asked for (query).
package struct SinusoidTasks: TensorStructure {
  /// Inputs and values of the given points, `[B, shots, 1]`, float32.
  package var inputs: Tensor
  package var values: Tensor
  /// Those of the points that are asked for, `[B, queries, 1]`.
  package var queryInputs: Tensor
  package var queryValues: Tensor

  package mutating func visitTensors(_ visit: inout TensorVisitor) {
    visit("inputs", &inputs)
    visit("values", &values)
    visit("queryInputs", &queryInputs)
    visit("queryValues", &queryValues)
  }

  package var count: Int { inputs.shape[0] }

  /// Tasks with amplitudes from 0.1 to 5, phases from 0 to π and inputs from -5 to 5, all equally likely.
  package init(count: Int, shots: Int, queries: Int, key: RandomKey) {
    let keys = key.split(into: 4)
    let amplitude = keys[0].uniform([count, 1, 1], low: 0.1, high: 5, dtype: .float32)
    let phase = keys[1].uniform([count, 1, 1], low: 0, high: .pi, dtype: .float32)
    inputs = keys[2].uniform([count, shots, 1], low: -5, high: 5, dtype: .float32)
    queryInputs = keys[3].uniform([count, queries, 1], low: -5, high: 5, dtype: .float32)
    values = amplitude * sin(inputs - phase)
    queryValues = amplitude * sin(queryInputs - phase)
  }
}

extension MLP {
  /// The same network for every one of `count` tasks, with weights of its own each: leaves `[count, ...]`.
  package func repeated(_ count: Int) -> MLP {
    mapLeaves { $0.broadcast(to: [count] + $0.shape) }
  }

  /// The mean squared error on the given points of each task, `[B]`, for weights with a task axis.
  package func supportErrors(_ tasks: SinusoidTasks) -> Tensor {
    square(self(tasks.inputs) - tasks.values).mean(axes: [1, 2])
  }

  /// The mean squared error on the points that are asked for, `[B]`.
  package func queryErrors(_ tasks: SinusoidTasks) -> Tensor {
    square(self(tasks.queryInputs) - tasks.queryValues).mean(axes: [1, 2])
  }
}
