import Autodiff
import ConvexSolvers
import LinearAlgebra

/// The optimality conditions of cone programs as functions of tensors:
///
///     b - Ax in K,   y in K*,   Px + c + Aᵀy = 0,   xᵀPx + cᵀx + bᵀy = 0
package struct ConeProgramOptimality: Sendable {
  let formP: SparseForm?
  let formA: SparseForm
  let cones: ConeProduct

  package init(P: SparsityPattern?, A: SparsityPattern, cones: ConeProduct) {
    formP = P.map(SparseForm.init)
    formA = SparseForm(A)
    self.cones = cones
  }

  /// The data of a batch: entries of P and A, c and b, each `[B, ...]` or shared.
  package struct Data {
    let P: Tensor?
    let c: Tensor
    let A: Tensor
    let b: Tensor

    package init(P: Tensor?, c: Tensor, A: Tensor, b: Tensor, items: Int) {
      func batched(_ tensor: Tensor) -> Tensor {
        tensor.rank == 2 && tensor.shape[0] == items
          ? tensor : tensor.broadcast(to: [items, tensor.shape[tensor.rank - 1]])
      }
      self.P = P.map(batched)
      self.c = batched(c)
      self.A = batched(A)
      self.b = batched(b)
    }
  }

  /// `½ xᵀPx + cᵀx`, `[B]`.
  package func value(_ x: Tensor, _ data: Data) -> Tensor {
    ((timesP(x, data) * 0.5 + data.c) * x).sum(axis: -1)
  }

  /// The largest distance of an entry of `b - Ax` from its projection onto the cones, `[B]`.
  package func violation(_ x: Tensor, _ data: Data) -> Tensor {
    let isBounded = data.b .< 1e20
    let slack = select(isBounded, data.b - formA.product(data.A, x), Tensor.zeros(data.b.shape))
    return (slack - projected(slack, onto: cones)).largest
  }

  /// The largest residual relative to the data, `[B]`: zero exactly at solutions, NaN for what is not finite. What y
  /// lacks of the dual cone counts as dual residual.
  package func residual(_ x: Tensor, _ y: Tensor, _ data: Data) -> Tensor {
    let Px = timesP(x, data)
    let b = select(data.b .>= 1e20, Tensor.zeros(data.b.shape), data.b)
    let primal = violation(x, data) / (1 + b.largest)
    let stationarity = Px + data.c + formA.transposedProduct(data.A, y)
    let outside = (y - projected(y, onto: cones, isDual: true)).largest / (1 + data.c.largest)
    let dual = stationarity.largest / (1 + data.c.largest)
    let quadratic = (Px * x).sum(axis: -1)
    let linear = (data.c * x).sum(axis: -1)
    let gap =
      abs(quadratic + linear + (b * y).sum(axis: -1)) / (1 + abs(quadratic * 0.5 + linear))
    return maximum(maximum(primal, gap), maximum(dual, outside)).notANumberWhere([x, y])
  }

  private func timesP(_ x: Tensor, _ data: Data) -> Tensor {
    guard let formP, let P = data.P else { return Tensor.zeros(x.shape) }
    return formP.symmetricProduct(P, x)
  }
}
