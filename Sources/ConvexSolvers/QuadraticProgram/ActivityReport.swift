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
      gradientSize = max(gradientSize, multiplier * length)
      let reach = max(xSize, length > 0 ? abs(problem.h[j]) / length : 0)
      let isNear =
        slack <= length * (Self.absoluteTolerance + Self.relativeTolerance * reach)
      let isPressed = multiplier * length > slackWeight(slack, length, xSize, gradientSize)
      if isNear || isPressed {
        active.append(j)
        let pressure = multiplier * length
        if pressure <= Self.absoluteTolerance + Self.relativeTolerance * gradientSize {
          weaklyActive.append(j)
        }
      }
    }
  }

  /// For a row that is not near its bound: the multiplier above which it is nevertheless held, by the
  /// ratio in which an unpolished interior point leaves slack and multiplier.
  private func slackWeight(
    _ slack: Double, _ length: Double, _ xSize: Double, _ gradientSize: Double
  ) -> Double {
    guard length > 0 else { return .infinity }
    let distance = slack / length / (1 + xSize)
    return max(distance * (1 + gradientSize), Self.absoluteTolerance)
  }
}
