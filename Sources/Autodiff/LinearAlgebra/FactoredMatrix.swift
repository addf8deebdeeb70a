/// Square matrices `[..., n, n]` with a factorization of each: linear systems with them and with
/// their transposes are solved at the cost of two triangular solves, also inside derivatives of any
/// order.
///
/// ```swift
/// let A = try FactoredMatrix(positiveDefinite: matrix)
/// let x = A.solve(b)
/// let y = A.solve(c)  // nothing is factored again
/// ```
///
/// What follows from the solutions can be differentiated with respect to the matrices and the
/// right-hand sides. The derivative of a solve consists of further solves with the same factors,
/// `gb = A'^-1 g, gA = -gb x'`, so that no derivative factors anything, and none can fail. Factors
/// are kept in double precision whatever the type of the matrices.
public struct FactoredMatrix: Sendable {
  /// The matrices that were factored.
  public let matrix: Tensor
  fileprivate let factors: Factors

  fileprivate enum Factors: Sendable {
    /// Of the symmetric part.
    case cholesky(CholeskyFactors)
    case lu(LUFactors)
  }

  /// Factors symmetric positive definite matrices `[..., n, n]` by Cholesky: `n^3 / 3` operations
  /// each.
  ///
  /// The matrix that counts is the symmetric part `(A + A')/2`, hence derivatives with respect to A
  /// are symmetric. Throws `notPositiveDefinite` and `notFinite`.
  public init(positiveDefinite matrix: Tensor) throws(TensorLinearAlgebraError) {
    _ = matrix.squareSize("FactoredMatrix(positiveDefinite:)")
    self.matrix = matrix
    factors = .cholesky(try CholeskyFactors(matrix))
  }

  /// Factors general square matrices `[..., n, n]` by LU with partial pivoting: `2 n^3 / 3`
  /// operations each.
  ///
  /// Throws `singular` for a pivot that is exactly zero, and `notFinite`. A matrix that is singular
  /// within rounding passes and has solutions without accuracy.
  public init(general matrix: Tensor) throws(TensorLinearAlgebraError) {
    _ = matrix.squareSize("FactoredMatrix(general:)")
    self.matrix = matrix
    factors = .lu(try LUFactors(matrix))
  }

  init(matrix: Tensor, lu: LUFactors) {
    self.matrix = matrix
    factors = .lu(lu)
  }

  init(matrix: Tensor, cholesky: CholeskyFactors) {
    self.matrix = matrix
    factors = .cholesky(cholesky)
  }

  /// The solutions X of `A X = B`, or of `A' X = B`, for B `[..., n, k]`.
  ///
  /// B must have the batch axes of the matrices; a single matrix `[n, n]` also serves any batch of
  /// B, and B is repeated along batch axes that it lacks or in which its length is 1. Elements of B
  /// that are not finite make that item's solution not finite.
  public func solve(_ b: Tensor, transposed: Bool = false) -> Tensor {
    requireSameType(matrix, b, "solve")
    let (rows, _) = b.matrixShape("solve")
    precondition(
      matrix.shape[matrix.rank - 2] == rows, "solve: \(matrix.shape) with \(b.shape)")
    let (common, columns, restore) = withCommonBatch(matrix, b, "solve")
    precondition(
      common.shape == matrix.shape,
      "solve: factored matrices \(matrix.shape) with the larger batch \(b.shape)"
    )
    return restore(FactoredMatrix.solution(matrix, factors, columns, transposed))
  }

  /// The solutions x of `A x = b`, or of `A' x = b`, for vectors b `[..., n]`.
  public func solve(vector b: Tensor, transposed: Bool = false) -> Tensor {
    solve(b.asColumn("solve(vector:)"), transposed: transposed).squeezingAxis(-1)
  }

  /// The inverses `[..., n, n]`.
  var inverse: Tensor {
    solve(identities(matrix.batchShape, matrix.shape[matrix.rank - 1], matrix.dtype))
  }

  // MARK: - The operation

  /// A's values are those of the factors; A itself only says how they depend on inputs of
  /// derivatives.
  private static func solution(
    _ A: Tensor, _ factors: Factors, _ b: Tensor, _ transposed: Bool
  ) -> Tensor {
    if A.trace == nil, b.trace == nil { return factors.solve(b, transposed) }
    return primitive(
      named: "solve", [A, b], { [factors.solve($0[1], transposed)] },
      vjp: { operands, results, cotangents, isWanted in
        guard let g = cotangents[0] else { return [nil, nil] }
        let (A, x) = (operands[0], results[0])
        guard isWanted[0] else { return [nil, solution(A, factors, g, !transposed)] }
        if A.trace == nil, x.trace == nil, g.trace == nil,
          let (gA, gb) = factors.pullBack(solution: x, g)
        {
          return [gA, isWanted[1] ? gb : nil]
        }
        let gb = solution(A, factors, g, !transposed)
        let product =
          transposed ? matmul(x, gb, transposeB: true) : matmul(gb, x, transposeB: true)
        return [-factors.effective(product), isWanted[1] ? gb : nil]
      },
      jvp: { operands, results, tangents in
        let (A, x) = (operands[0], results[0])
        var change = tangents[1]
        if let tangent = tangents[0] {
          let product = matmul(factors.effective(tangent), x, transposeA: transposed)
          change = change.map { $0 - product } ?? -product
        }
        return [change.map { solution(A, factors, $0, transposed) }]
      })[0]
  }
}

extension FactoredMatrix.Factors {
  fileprivate func solve(_ b: Tensor, _ transposed: Bool) -> Tensor {
    switch self {
    case .cholesky(let factors): factors.solve(b)
    case .lu(let factors): factors.solve(b, transposed: transposed)
    }
  }

  /// The part of a change of A that changes the operator; its own transpose.
  fileprivate func effective(_ change: Tensor) -> Tensor {
    switch self {
    case .cholesky: change.symmetricPart
    case .lu: change
    }
  }

  /// The cotangents for constants in one go, where there is a kernel for it.
  fileprivate func pullBack(solution x: Tensor, _ g: Tensor) -> (Tensor, Tensor)? {
    switch self {
    case .cholesky(let factors): factors.pullBack(solution: x, g)
    case .lu: nil
    }
  }
}
