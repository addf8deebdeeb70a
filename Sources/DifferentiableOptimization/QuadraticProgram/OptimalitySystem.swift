import Autodiff

/// The linear system behind the derivatives of a batch, in tensor operations that can be differentiated
/// again.
///
/// Near a solution that is strictly complementary, with m = 1 for the active rows and 0 for the others, the
/// solution is the root of `Qx + p + Gᵀ(m lambda) + Aᵀnu`, `m (Gx - h) - (1 - m) lambda` and `Ax - b`, of
/// which the Jacobian
///
///     M = [[Q, (mG)ᵀ, Aᵀ], [mG, -(I - m), 0], [A, 0, 0]]
///
/// is symmetric. Both modes solve with it, at operands and results that may be traced. Items whose
/// certificate is not exact have the identity in the place of M and zeros for everything else.
struct OptimalitySystem {
  private let layout: Layout
  /// `[B, n]`, `[B, m]`, `[B, e]`.
  private let x: Tensor
  private let lambda: Tensor
  private let nu: Tensor
  /// One for active rows, `[B, m]`.
  private let active: Tensor
  /// One for exact items, `[B, 1]`; nil if all are.
  private let exact: Tensor?
  /// Nil if a pivot is exactly zero after all.
  private let matrix: FactoredMatrix?

  struct Layout {
    let items: Int
    let n: Int
    let m: Int
    let e: Int
  }

  init(
    _ layout: Layout, _ data: ProgramTensors, results: [Tensor], active: Tensor, exact: Tensor?
  ) {
    let (items, n, m, e) = (layout.items, layout.n, layout.m, layout.e)
    func cleaned(_ tensor: Tensor, _ length: Int) -> Tensor {
      let tensor = tensor.reshaped(to: [items, length])
      guard let exact else { return tensor }
      return select(exact, tensor, Tensor.zeros(like: tensor))
    }
    self.layout = layout
    self.active = active
    self.exact = exact
    x = cleaned(results[0], n)
    lambda = cleaned(results[1], m)
    nu = cleaned(results[2], e)

    func zeros(_ rows: Int, _ columns: Int) -> Tensor { Tensor.zeros([items, rows, columns]) }
    func perItem(_ datum: ProgramTensors.Datum, _ rows: Int) -> Tensor {
      data[datum]?.broadcast(to: [items, rows, n]) ?? zeros(rows, n)
    }
    let Q = perItem(.Q, n)
    let G = perItem(.G, m) * active.expandingAxis(-1)
    let A = perItem(.A, e)
    let idle = Tensor.identity(m) * (active - 1).expandingAxis(-1)
    let system = concatenate(
      [
        concatenate([(Q + Q.transposed()) * 0.5, G.transposed(), A.transposed()], axis: 2),
        concatenate([G, idle, zeros(m, e)], axis: 2),
        concatenate([A, zeros(e, m), zeros(e, e)], axis: 2),
      ], axis: 1)
    matrix = try? FactoredMatrix(
      general: exact.map { select($0.expandingAxis(-1), system, Tensor.identity(n + m + e)) }
        ?? system)
  }

  /// The solution of `M (dx, dlambda, dnu) = right-hand side`, parts `[B, ...]`.
  private func solved(_ parts: [Tensor]) -> [Tensor] {
    var right = concatenate(parts, axis: 1)
    if let exact { right = select(exact, right, Tensor.zeros(like: right)) }
    let solution =
      matrix?.solve(vector: right)
      ?? Tensor(repeating: .nan, shape: right.shape)
    let (n, m, e) = (layout.n, layout.m, layout.e)
    return [
      solution.slice(axis: 1, 0..<n), solution.slice(axis: 1, n..<n + m) * active,
      solution.slice(axis: 1, n + m..<n + m + e),
    ]
  }

  /// The cotangents of the data that are asked for.
  func vjp(_ data: ProgramTensors, _ cotangents: [Tensor?], _ isWanted: [Bool]) -> [Tensor?] {
    let lengths = [layout.n, layout.m, layout.e]
    let right = zip(cotangents, lengths).map { cotangent, length in
      cotangent.map { -$0.reshaped(to: [layout.items, length]) }
        ?? Tensor.zeros([layout.items, length])
    }
    let solution = solved(right)
    let (dx, dlambda, dnu) = (solution[0], solution[1], solution[2])
    return data.present.indices.map { index in
      guard isWanted[index] else { return nil }
      let gradient: Tensor
      switch data.present[index] {
      case .Q:
        let product = outer(dx, x)
        gradient = (product + product.transposed()) * 0.5
      case .p: gradient = dx
      case .G: gradient = outer(dlambda, x) + outer(lambda, dx)
      case .h: gradient = -dlambda
      case .A: gradient = outer(dnu, x) + outer(nu, dx)
      case .b: gradient = -dnu
      }
      return reduced(gradient, to: data.tensors[index].shape)
    }
  }

  /// The tangents of x, lambda and nu, `[B, ...]`.
  func jvp(_ data: ProgramTensors, _ tangents: [Tensor?]) -> [Tensor] {
    var stationarity = Tensor.zeros([layout.items, layout.n])
    var inequalities = Tensor.zeros([layout.items, layout.m])
    var equalities = Tensor.zeros([layout.items, layout.e])
    for (datum, tangent) in zip(data.present, tangents) {
      guard let tangent else { continue }
      switch datum {
      case .Q:
        stationarity -= matrixVectorProduct((tangent + tangent.transposed()) * 0.5, x)
      case .p: stationarity -= tangent
      case .G:
        stationarity -= matrixVectorProduct(tangent.transposed(), lambda * active)
        inequalities -= matrixVectorProduct(tangent, x) * active
      case .h: inequalities += select(active, tangent, Tensor.zeros(like: tangent))
      case .A:
        stationarity -= matrixVectorProduct(tangent.transposed(), nu)
        equalities -= matrixVectorProduct(tangent, x)
      case .b: equalities += tangent
      }
    }
    return solved([stationarity, inequalities, equalities])
  }

  /// `[B, i]` and `[B, j]` to `[B, i, j]`.
  private func outer(_ a: Tensor, _ b: Tensor) -> Tensor {
    a.expandingAxis(-1) * b.expandingAxis(1)
  }

  /// The sum over the batch where the datum has no batch axis.
  private func reduced(_ gradient: Tensor, to shape: [Int]) -> Tensor {
    shape.count == gradient.rank ? gradient : gradient.sum(axis: 0)
  }
}
