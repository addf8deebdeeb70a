import CKernels
import LinearAlgebra
import OptimizationCore

/// Which inequalities of a solved item are active, and which of them only weakly.
///
/// A slack counts as zero when the point is closer to the row's boundary than 1e-9 plus 1e-8 of the size
/// of x (or of the boundary's distance from the origin); a multiplier when it times the length of its row
/// is below 1e-9 plus 1e-8 of the size of the gradients that balance.
struct ActivityReport {
  private(set) var active: [Int] = []
  private(set) var weaklyActive: [Int] = []

  static let absoluteTolerance = 1e-9
  static let relativeTolerance = 1e-8

  init(_ problem: ProblemView, _ point: PointView) {
    Self.visitActive(problem, point) { row, isWeak in
      active.append(row)
      if isWeak { weaklyActive.append(row) }
    }
  }

  /// Whether exactly `count` inequalities are active, none of them weakly: the common case, told without
  /// allocation.
  static func isRegular(_ problem: ProblemView, _ point: PointView, count: Int) -> Bool {
    var active = 0
    var weak = 0
    visitActive(problem, point) { _, isWeak in
      active += 1
      weak += isWeak ? 1 : 0
    }
    return active == count && weak == 0
  }

  @inline(__always)
  private static func visitActive(
    _ problem: ProblemView, _ point: PointView, _ visit: (_ row: Int, _ isWeak: Bool) -> Void
  ) {
    let n = problem.n
    let xSize = ck_largest(n, point.x)
    var gradientSize = ck_largest(n, problem.p)
    // Row lengths are only needed of the few rows near their bounds.
    let near = 1e-4 * (1 + xSize)
    for j in 0..<problem.m where problem.isBounded(j) {
      let slack = point.slack[j]
      let multiplier = point.lambda[j]
      guard slack <= near * (1 + abs(problem.h[j])) || multiplier > 0 else { continue }
      let row = problem.G + j * n
      let length = ck_dot(n, row, row).squareRoot()
      let pressure = multiplier * length
      gradientSize = max(gradientSize, pressure)
      let reach = max(xSize, length > 0 ? abs(problem.h[j]) / length : 0)
      let isNear = slack <= length * (absoluteTolerance + relativeTolerance * reach)
      // An unpolished interior point leaves a little of both: the larger part decides.
      let distance = length > 0 ? slack / length / (1 + xSize) : .infinity
      let isHeld = pressure > max(distance * (1 + gradientSize), absoluteTolerance)
      if isNear || isHeld {
        visit(j, pressure <= absoluteTolerance + relativeTolerance * gradientSize)
      }
    }
  }
}
