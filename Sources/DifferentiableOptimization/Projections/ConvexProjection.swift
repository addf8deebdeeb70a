import Autodiff
import ConvexSolvers
import LinearAlgebra

/// The points of a product of convex cones nearest to the given points: `argmin ‖x - v‖₂, x in K`.
///
/// ```swift
/// let nearest = projected(v, onto: ConeProduct(nonnegative: 2, secondOrder: [3]))   // v: [B, 5]
/// ```
///
/// - Parameters:
///   - v: points, float64, shape `[..., m]`.
///   - cones: the cones of the last axis, m rows together.
///   - isDual: whether to project onto the dual cone instead.
/// - Returns: the projections, of the shape of v.
///
/// First derivatives in both modes, exact, and where there is none those of `ConeProjection`. Second
/// derivatives where the cones are zero, free, nonnegative and second-order (they are compositions of
/// operations then); with other cones they trap, and say so.
public func projected(_ v: Tensor, onto cones: ConeProduct, isDual: Bool = false) -> Tensor {
  requirePoints(v, count: cones.rows)
  let isSmooth =
    !cones.semidefinite.isEmpty || cones.exponential + cones.dualExponential > 0
    || !cones.power.isEmpty
  return ProjectedPoints.projected(
    v, named: "the second derivative of the projection onto cones",
    { point in
      let projection = ConeProjection(of: point, onto: cones, isDual: isDual)
      return (projection.value, { projection.derivative(along: $0) })
    },
    nested: isSmooth
      ? .none : .composed { coneDerivative(at: $0, times: $1, cones, isDual: isDual) })
}

/// The points of a convex set nearest to the given points: `argmin ‖x - v‖₂, x in the set`.
///
/// ```swift
/// let weights = projected(scores, onto: .simplex())   // sparse probabilities, [B, n]
/// ```
///
/// - Parameters:
///   - v: points, float64, shape `[..., n]`.
///   - set: the set, in the last axis.
/// - Returns: the projections, of the shape of v.
///
/// Derivatives of any order in both modes, exact, and where there is none those of `SetProjection`; the
/// bounds of a box and the sizes are constants.
public func projected(_ v: Tensor, onto set: ProjectionSet) -> Tensor {
  requirePoints(v, count: nil)
  let nested: ProjectedPoints.NestedDerivative
  if case .twoNormBall(let radius) = set {
    nested = .composed { ballDerivative(at: $0, times: $1, radius: radius) }
  } else {
    nested = .locallyConstant
  }
  return ProjectedPoints.projected(
    v, named: "the second derivative of the projection onto a set",
    { point in
      let projection = SetProjection(of: point, onto: set)
      return (projection.value, { projection.derivative(along: $0) })
    },
    nested: nested)
}

/// - Parameter count: the length of the last axis, nil for any.
private func requirePoints(_ v: Tensor, count: Int?) {
  precondition(v.dtype == .float64, "projected: \(v.dtype) numbers, expected float64; convert them")
  precondition(
    v.rank >= 1 && (count == nil || v.shape[v.rank - 1] == count!),
    "projected: points of shape \(v.shape)" + (count.map { ", expected [..., \($0)]" } ?? ""))
}
