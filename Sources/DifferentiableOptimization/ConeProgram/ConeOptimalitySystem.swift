import Autodiff
import ConvexSolvers

/// The linear system behind the derivatives of a batch of cone programs, in tensor operations that can be
/// differentiated again.
///
/// For right-hand sides r₁, r₂ it finds dx, dy and ds with
///
///     P dx + Aᵀdy = r₁,   A dx + ds = r₂,   s∘dy + y∘ds = 0
///
/// with the product of `JordanAlgebra`, which is the linearization of complementarity. At a strictly
/// complementary solution that is the system on the faces of the cones that the solver keeps factorized,
/// so that (dx, dy) = T(r₁, r₂) is one solve with that. T is symmetric: it is its own transpose. Its
/// change under the data P, A and the point s, y is another such solve: with
///
///     (s + y)∘w = -(s'∘dy + y'∘ds)
///
/// one has (dx', dy') = T(r₁' - P'dx - A'ᵀdy - Aᵀw, r₂' - A'dx - w) + (0, w), for ds = dy = w is one way
/// to reach the complementarity asked for, s + y being inside of the cones.
struct ConeOptimalitySystem: Sendable {
  let solved: SolvedConePrograms
  /// Entries, `[B, entries]`; nil if there is no quadratic term.
  let P: Tensor?
  let A: Tensor
  /// The point, `[B, m]`; the identity and zero where `curved` is zero.
  let s: Tensor
  let y: Tensor

  private var formP: SparseForm? { solved.forms.P }
  private var formA: SparseForm { solved.forms.A }
  private var algebra: JordanAlgebra { solved.forms.algebra }
  private var regularity: SolvedConePrograms.Regularity { solved.regularity }

  /// dx `[B, n]` and dy `[B, m]` for r₁ and r₂, with ds = r₂ - A dx.
  func solve(_ r1: Tensor, _ r2: Tensor) -> (dx: Tensor, dy: Tensor) {
    let results = primitive(
      named: "the optimality system of ConeProgramLayer",
      [A, s, y, r1, r2] + (P.map { [$0] } ?? []),
      { solved.solveKeptSystem($0[3], $0[4]) },
      vjp: { [solved] operands, results, cotangents, isWanted in
        let system = ConeOptimalitySystem(solved, operands)
        return system.vjp(operands, results, orZeros(cotangents, results), isWanted)
      },
      jvp: { operands, results, tangents in
        ConeOptimalitySystem(solved, operands).jvp(operands, results, tangents)
      })
    return (results[0], results[1])
  }

  init(_ solved: SolvedConePrograms, P: Tensor?, A: Tensor, s: Tensor, y: Tensor) {
    self.solved = solved
    self.P = P
    self.A = A
    self.s = s
    self.y = y
  }

  /// The system at the operands of the solve.
  private init(_ solved: SolvedConePrograms, _ operands: [Tensor]) {
    self.init(
      solved, P: operands.count > 5 ? operands[5] : nil, A: operands[0], s: operands[1],
      y: operands[2])
  }

  /// r₂ - A dx in the rows in which complementarity bends, zero in the others.
  private func slack(_ r2: Tensor, _ dx: Tensor) -> Tensor {
    (r2 - formA.product(A, dx)) * regularity.curved
  }

  private func vjp(
    _ operands: [Tensor], _ results: [Tensor], _ cotangents: [Tensor], _ isWanted: [Bool]
  ) -> [Tensor?] {
    let (dx, dy) = (results[0], results[1])
    let (u, w) = solve(cotangents[0], cotangents[1])
    var gradients: [Tensor?] = [nil, nil, nil, u, w]
    if isWanted[0] { gradients[0] = -(formA.outer(dy, u) + formA.outer(w, dx)) }
    if isWanted[1] || isWanted[2] {
      let v = algebra.quotient(
        slack(cotangents[1], u) - w * regularity.curved, by: s + y)
      gradients[1] = -algebra.product(dy, v)
      gradients[2] = -algebra.product(slack(operands[4], dx), v)
    }
    if let formP { gradients.append(isWanted[5] ? -formP.symmetricOuter(u, dx) : nil) }
    return gradients
  }

  private func jvp(_ operands: [Tensor], _ results: [Tensor], _ tangents: [Tensor?]) -> [Tensor?] {
    let (dx, dy) = (results[0], results[1])
    var r1 = tangents[3] ?? Tensor.zeros(like: dx)
    var r2 = tangents[4] ?? Tensor.zeros(like: dy)
    if let change = tangents[0] {
      r1 -= formA.transposedProduct(change, dy)
      r2 -= formA.product(change, dx)
    }
    if let formP, let change = tangents[5] { r1 -= formP.symmetricProduct(change, dx) }
    guard tangents[1] != nil || tangents[2] != nil else {
      let (x, y) = solve(r1, r2)
      return [x, y]
    }
    var change = Tensor.zeros(like: dy)
    if let s = tangents[1] { change -= algebra.product(s, dy) }
    if let y = tangents[2] { change -= algebra.product(y, slack(operands[4], dx)) }
    let w = algebra.quotient(change * regularity.curved, by: s + y)
    let (x, y) = solve(r1 - formA.transposedProduct(A, w), r2 - w)
    return [x, y + w]
  }
}
