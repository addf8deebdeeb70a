import Autodiff
import ConvexSolvers

/// The derivative of a projection onto zero, free, nonnegative and second-order cones times a direction,
/// in operations that can be differentiated again.
func coneDerivative(
  at v: Tensor, times direction: Tensor, _ cones: ConeProduct, isDual: Bool
) -> Tensor {
  let parts = cones.blocks.map { cone, rows -> Tensor in
    let point = v.slice(axis: -1, rows)
    let direction = direction.slice(axis: -1, rows)
    switch isDual ? cone.dual : cone {
    case .free: return direction
    case .nonnegative: return direction * halfStep(point.stoppingGradient())
    case .secondOrder: return secondOrderDerivative(at: point, times: direction)
    default: return direction * 0
    }
  }
  return parts.isEmpty ? direction : concatenate(parts, axis: -1)
}

/// The derivative of the projection onto the ball of the 2-norm times a direction.
func ballDerivative(at v: Tensor, times direction: Tensor, radius: Double) -> Tensor {
  let length = safeLength(v)
  let isOutside = length.stoppingGradient() .> radius
  let unit = v / length
  let across = direction - unit * (unit * direction).sum(axis: -1, keepsAxis: true)
  return select(isOutside, radius / length * across, direction)
}

/// One for positive, zero for negative numbers, and a half between.
private func halfStep(_ x: Tensor) -> Tensor { 0.5 * sign(x) + 0.5 }

/// The length of the vectors along the last axis, 1 for those that are zero.
private func safeLength(_ u: Tensor) -> Tensor {
  let squares = square(u).sum(axis: -1, keepsAxis: true)
  return sqrt(select(squares.stoppingGradient() .> 0, squares, Tensor.ones(like: squares)))
}

/// See `SecondOrderDerivative` in ConvexSolvers: weights along (1, û), against it, and across.
private func secondOrderDerivative(at v: Tensor, times direction: Tensor) -> Tensor {
  let count = v.shape[v.rank - 1]
  if count == 1 { return direction * halfStep(v.stoppingGradient()) }
  let (t, u) = (v.slice(axis: -1, 0..<1), v.slice(axis: -1, 1..<count))
  let (head, tail) = (direction.slice(axis: -1, 0..<1), direction.slice(axis: -1, 1..<count))
  let length = safeLength(u)
  let unit = u / length
  // Distances to the boundaries of the cone and of its polar.
  let norm = sqrt(square(u.stoppingGradient()).sum(axis: -1, keepsAxis: true))
  let along = halfStep(t.stoppingGradient() + norm)
  let against = halfStep(t.stoppingGradient() - norm)
  let isBetween = (abs(t.stoppingGradient()) .< norm)
  let across = select(isBetween, 0.5 + 0.5 * (t / length), halfStep(t.stoppingGradient()))
  let product = (unit * tail).sum(axis: -1, keepsAxis: true)
  let plus = 0.5 * (along * (head + product))
  let minus = 0.5 * (against * (head - product))
  return concatenate(
    [plus + minus, across * tail + (plus - minus - across * product) * unit], axis: -1)
}
