import CKernels
import LinearAlgebra

/// The solutions X of `op(T) X = B` for triangular T `[..., n, n]` and B `[..., n, k]`:
/// `[..., n, k]`.
///
/// Only T's triangle is read, the derivative with respect to the other one is zero. Batch axes are
/// broadcast. Derivatives of any order are such solves again: for op(T) = T, `gb = T'^-1 g` and gT
/// is the triangle of `-gb x'`. Computed in double precision also for float32.
///
/// - Parameters:
///   - isLower: whether the lower triangle counts, else the upper one.
///   - transposed: whether op(T) is T', else T.
///   - unitDiagonal: whether the diagonal is taken as 1 and not read.
///
/// Throws `singular` for a zero on the diagonal, and `notFinite`.
public func triangularSolve(
  _ T: Tensor, _ b: Tensor, isLower: Bool = true, transposed: Bool = false,
  unitDiagonal: Bool = false
) throws(TensorLinearAlgebraError) -> Tensor {
  requireSameType(T, b, "triangularSolve")
  let n = T.squareSize("triangularSolve")
  let (rows, columns) = b.matrixShape("triangularSolve")
  precondition(n == rows, "triangularSolve: \(T.shape) with \(b.shape)")
  let triangle = Triangle(isLower: isLower, hasUnitDiagonal: unitDiagonal)
  try triangle.requireRegular(T)
  try b.requireFinite("b", itemSize: rows * columns)
  let (matrices, right, restore) = withCommonBatch(T, b, "triangularSolve")
  return restore(triangle.solve(matrices, right, transposed: transposed))
}

/// The solutions x of `op(T) x = b` for triangular T `[..., n, n]` and vectors b `[..., n]`:
/// `[..., n]`. See `triangularSolve(_:_:isLower:transposed:unitDiagonal:)`.
public func triangularSolve(
  _ T: Tensor, vector b: Tensor, isLower: Bool = true, transposed: Bool = false,
  unitDiagonal: Bool = false
) throws(TensorLinearAlgebraError) -> Tensor {
  try triangularSolve(
    T, b.asColumn("triangularSolve"), isLower: isLower, transposed: transposed,
    unitDiagonal: unitDiagonal
  ).squeezingAxis(-1)
}

/// The part of a matrix that a triangular solve reads.
struct Triangle: Sendable {
  static let lower = Triangle(isLower: true, hasUnitDiagonal: false)
  static let upper = Triangle(isLower: false, hasUnitDiagonal: false)

  let isLower: Bool
  let hasUnitDiagonal: Bool

  /// The triangle's elements, zero elsewhere.
  func part(of T: Tensor) -> Tensor {
    T.triangles(below: isLower ? 1 : 0, on: hasUnitDiagonal ? 0 : 1, above: isLower ? 0 : 1)
  }

  /// Throws `notFinite` or `singular`.
  func requireRegular(_ T: Tensor) throws(TensorLinearAlgebraError) {
    let n = T.shape[T.rank - 1]
    let triangle = part(of: T.detached)
    try triangle.requireFiniteMatrices("the triangle")
    if hasUnitDiagonal { return }
    for item in 0..<T.items {
      for i in 0..<n where triangle.read(at: (item * n + i) * n + i) == 0 {
        throw .singular(item: item, pivot: i)
      }
    }
  }

  /// The solutions for one batch of regular matrices and right-hand sides.
  func solve(_ T: Tensor, _ b: Tensor, transposed: Bool = false) -> Tensor {
    if T.trace == nil, b.trace == nil { return apply(T, b, transposed) }
    return primitive(
      named: "triangularSolve", [T, b], { [apply($0[0], $0[1], transposed)] },
      vjp: { operands, results, cotangents, isWanted in
        guard let g = cotangents[0] else { return [nil, nil] }
        let (T, x) = (operands[0], results[0])
        let gb = solve(T, g, transposed: !transposed)
        guard isWanted[0] else { return [nil, gb] }
        let product =
          transposed ? matmul(x, gb, transposeB: true) : matmul(gb, x, transposeB: true)
        return [-part(of: product), isWanted[1] ? gb : nil]
      },
      jvp: { operands, results, tangents in
        var change = tangents[1]
        if let tangent = tangents[0] {
          let product = matmul(part(of: tangent), results[0], transposeA: transposed)
          change = change.map { $0 - product } ?? -product
        }
        return [change.map { solve(operands[0], $0, transposed: transposed) }]
      })[0]
  }

  /// Larger matrices go to BLAS.
  private static let largestOwn = 64

  private func apply(_ T: Tensor, _ b: Tensor, _ transposed: Bool) -> Tensor {
    let (n, k) = (b.shape[b.rank - 2], b.shape[b.rank - 1])
    let matrices = T.asType(.float64)
    let x = b.copyInDoubles()
    if x.count == 0 { return x.asType(b.dtype) }
    forEachRange(of: x.count / (n * k), nanoseconds: Double(n * n * k) / 8 + 20) { range in
      let start = range.lowerBound
      if n <= Triangle.largestOwn {
        batch_triangular_solve(
          n, k, range.count, isLower ? 1 : 0, transposed ? 1 : 0, hasUnitDiagonal ? 1 : 0,
          matrices.doubles + start * n * n, x.doubles + start * n * k)
        return
      }
      for item in range {
        let (A, B) = (matrices.doubles + item * n * n, x.doubles + item * n * k)
        let triangle: BLAS.Triangle = isLower ? .lower : .upper
        let operation: BLAS.Transpose = transposed ? .transposed : .none
        let diagonal: BLAS.Diagonal = hasUnitDiagonal ? .unit : .stored
        if k == 1 {
          BLAS.trsv(triangle, operation, diagonal, n: n, T: A, x: B)
        } else {
          BLAS.trsm(.left, triangle, operation, diagonal, rows: n, columns: k, T: A, B: B)
        }
      }
    }
    return x.asType(b.dtype)
  }
}
