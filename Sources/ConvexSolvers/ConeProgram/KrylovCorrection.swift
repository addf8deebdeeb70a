import CKernels
import LinearAlgebra

/// The combination of a few preconditioned Krylov vectors that leaves the least residual (GMRES preconditioned
/// from the right, Saad 2003, section 9.3).
///
/// Where a few directions are drowned by the regularization of a factor, plain refinement hardly converges; this
/// finds them one by one.
final class KrylovCorrection {
  private let residuals: Int
  private let unknowns: Int
  private let steps: Int
  private let buffer: AlignedBuffer
  private let basis: Numbers
  private let directions: Numbers

  /// - Parameter residuals: the number of equations.
  /// - Parameter unknowns: the number of unknowns.
  init(residuals: Int, unknowns: Int, steps: Int = 8) {
    self.residuals = residuals
    self.unknowns = unknowns
    self.steps = steps
    buffer = AlignedBuffer(uninitializedCount: (steps + 1) * residuals + steps * unknowns)
    basis = buffer.pointer
    directions = basis + (steps + 1) * residuals
  }

  /// Writes the correction for a residual.
  ///
  /// - Parameters:
  ///   - residual: what is to be made small; may be overwritten by the closures.
  ///   - precondition: writes an approximate solution for a right-hand side.
  ///   - multiply: writes the matrix times a vector of unknowns.
  /// - Returns: false if there is none.
  func correct(
    _ residual: Numbers, into correction: Numbers, precondition: (Numbers, Numbers) -> Void,
    multiply: (Numbers, Numbers) -> Void
  ) -> Bool {
    basis.update(from: residual, count: residuals)
    let start = ck_dot(residuals, basis, basis).squareRoot()
    guard start > 0, start.isFinite else { return false }
    for i in 0..<residuals { basis[i] /= start }
    var problem = HessenbergLeastSquares(size: start)
    for step in 0..<steps {
      let direction = directions + step * unknowns
      precondition(basis + step * residuals, direction)
      let next = basis + (step + 1) * residuals
      multiply(direction, next)
      var column = [Double](repeating: 0, count: step + 2)
      // Twice, for orthogonality to rounding.
      for _ in 0..<2 {
        for k in 0...step {
          let product = ck_dot(residuals, basis + k * residuals, next)
          column[k] += product
          addScaled(residuals, -product, basis + k * residuals, next)
        }
      }
      column[step + 1] = ck_dot(residuals, next, next).squareRoot()
      guard problem.append(column) else { break }
      if problem.residual < 1e-4 * start || column[step + 1] == 0 { break }
      for i in 0..<residuals { next[i] /= column[step + 1] }
    }
    let factors = problem.solution()
    correction.update(repeating: 0, count: unknowns)
    for (step, factor) in factors.enumerated() {
      addScaled(unknowns, factor, directions + step * unknowns, correction)
    }
    return !factors.isEmpty
  }
}

/// min |H y - size e₁| for an upper Hessenberg matrix that grows by columns, by Givens rotations.
private struct HessenbergLeastSquares {
  private var columns: [[Double]] = []
  private var rotations: [(cosine: Double, sine: Double)] = []
  private var rightSide: [Double]

  init(size: Double) { rightSide = [size] }

  /// What the best y leaves.
  var residual: Double { rightSide[columns.count].magnitude }

  /// Adds a column; false, with nothing added, if it does not help or is not finite.
  mutating func append(_ given: [Double]) -> Bool {
    var column = given
    let last = columns.count
    for (k, rotation) in rotations.enumerated() {
      let upper = column[k]
      column[k] = rotation.cosine * upper + rotation.sine * column[k + 1]
      column[k + 1] = rotation.cosine * column[k + 1] - rotation.sine * upper
    }
    let radius = (column[last] * column[last] + column[last + 1] * column[last + 1]).squareRoot()
    guard radius > 0, radius.isFinite else { return false }
    let rotation = (cosine: column[last] / radius, sine: column[last + 1] / radius)
    column[last] = radius
    rightSide.append(-rotation.sine * rightSide[last])
    rightSide[last] *= rotation.cosine
    rotations.append(rotation)
    columns.append(column)
    return true
  }

  func solution() -> [Double] {
    var y = [Double](repeating: 0, count: columns.count)
    for k in columns.indices.reversed() {
      var value = rightSide[k]
      for l in columns.indices where l > k { value -= columns[l][k] * y[l] }
      y[k] = value / columns[k][k]
    }
    return y
  }
}

/// y += a x.
func addScaled(_ count: Int, _ a: Double, _ x: Numbers, _ y: Numbers) {
  for i in 0..<count { y[i] += a * x[i] }
}
