import CKernels
import LinearAlgebra
import OptimizationCore

/// Which inequalities of a solved item are active, and which of them only weakly.
///
/// A slack counts as zero when the point is closer to the row's boundary than 1e-9 plus 1e-8 of the size
/// of x (or of the boundary's distance from the origin); a multiplier when it times the length of its row
/// is below 1e-12 plus 1e-8 of the size of the gradient, max(|p|, |Qx|).
struct ActivityReport {
  private(set) var active: [Int] = []
  private(set) var weaklyActive: [Int] = []

  /// What the report needs to know of a solved item.
  struct Item {
    let problem: ProblemView
    let point: PointView
    /// Lengths of the rows of G.
    let rowLengths: UnsafePointer<Double>
    /// max(|p|, |Qx|).
    let gradientSize: Double
  }

  init(_ item: Item) {
    Self.visitActive(item) { row, isWeak in
      active.append(row)
      if isWeak { weaklyActive.append(row) }
    }
  }

  /// Whether exactly `count` inequalities are active, none of them weakly: the common case, told without
  /// allocation.
  static func isRegular(_ item: Item, count: Int) -> Bool {
    var active = 0
    var weak = 0
    visitActive(item) { _, isWeak in
      active += 1
      weak += isWeak ? 1 : 0
    }
    return active == count && weak == 0
  }

  @inline(__always)
  private static func visitActive(_ item: Item, _ visit: (_ row: Int, _ isWeak: Bool) -> Void) {
    let (problem, point) = (item.problem, item.point)
    let xSize = ck_largest(problem.n, point.x)
    let zeroPressure = 1e-12 + 1e-8 * item.gradientSize
    for j in 0..<problem.m where problem.isBounded(j) {
      let slack = point.slack[j]
      let length = item.rowLengths[j]
      let pressure = point.lambda[j] * length
      let isNear = slack <= 1e-9 * length + 1e-8 * max(length * xSize, abs(problem.h[j]))
      // An unpolished interior point leaves a little of both: the part that is larger for its kind
      // decides.
      let isHeld =
        pressure > zeroPressure
        && pressure * length * (1 + xSize) > slack * item.gradientSize
      if isNear || isHeld { visit(j, pressure <= zeroPressure) }
    }
  }
}
