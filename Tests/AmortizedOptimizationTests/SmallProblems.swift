import Argmin

/// The point of the unit circle nearest to x, by coordinates in the plane: small enough to know everything.
struct CircleProblem: ChartedProblem {
  func value(of point: Tensor, for context: Tensor) -> Tensor {
    square(point - context).sum(axis: -1)
  }

  func point(at coordinates: Tensor, for context: Tensor) -> Tensor {
    coordinates / sqrt(square(coordinates).sum(axis: -1, keepsAxis: true) + 1e-12)
  }
}

/// A quadratic with a parameter of its own: `½ |y - x scale|²`.
struct ScaledQuadratic: ParametricProblem {
  var scale = Tensor(2)

  func value(of point: Tensor, for context: Tensor) -> Tensor {
    square(point - context * scale).sum(axis: -1) * 0.5
  }

  mutating func visitTensors(_ visit: inout TensorVisitor) { visit("scale", &scale) }
}

/// Contraction to x / (1 - rate), whose iterations are known.
func contraction(_ rate: Double) -> FixedPointFamily<Tensor, Tensor> {
  FixedPointFamily(initial: { Tensor.zeros($0.shape) }, map: { y, x in y * rate + x })
}

/// Predicts a fixed multiple of the solution of a contraction.
struct MultipleOfSolution: WarmStarter {
  typealias Problem = FixedPointFamily<Tensor, Tensor>
  var factor: Tensor

  func initial(_ oracle: Oracle<Problem>) -> Tensor { oracle.context * factor }
  mutating func visitTensors(_ visit: inout TensorVisitor) { visit("factor", &factor) }
}
