import Foundation

/// The learning rate as a function of the step, counted from 0.
public enum Schedule: Sendable, Hashable {
  /// The same rate always.
  case constant(Double)
  /// `initial * factor^(step / every)`.
  case exponential(initial: Double, factor: Double, every: Int = 1)
  /// `initial`, multiplied by `factor` after every so-many steps.
  case steps(initial: Double, factor: Double, every: Int)
  /// Linearly from 0 up to `peak` in `warmup` steps (reached in step `warmup - 1`), then along half a cosine
  /// down to `end` in step `total` (Loshchilov and Hutter 2017), and `end` from there on.
  case cosine(peak: Double, total: Int, warmup: Int = 0, end: Double = 0)

  /// The rate of a step.
  public func callAsFunction(_ step: Int) -> Double {
    switch self {
    case .constant(let rate):
      return rate
    case .exponential(let initial, let factor, let every):
      return initial * pow(factor, Double(step) / Double(max(every, 1)))
    case .steps(let initial, let factor, let every):
      return initial * pow(factor, Double(step / max(every, 1)))
    case .cosine(let peak, let total, let warmup, let end):
      if step < warmup { return peak * Double(step + 1) / Double(warmup) }
      if step >= total { return end }
      let share = Double(step - warmup) / Double(max(total - warmup, 1))
      return end + (peak - end) * (1 + cos(.pi * share)) / 2
    }
  }
}
