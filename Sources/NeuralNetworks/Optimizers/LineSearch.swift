/// How a step's length is found along a direction of descent.
public enum LineSearch: Sendable, Hashable {
  /// A length at which the value has fallen by `decrease` of what the slope promises, and the slope to
  /// `curvature` of its size (Nocedal and Wright 2006, algorithms 3.5 and 3.6).
  case strongWolfe(decrease: Double = 1e-4, curvature: Double = 0.9, maximumTrials: Int = 30)
  /// The first of 1, `factor`, `factor`^2 ... at which the value has fallen enough (Armijo 1966).
  case backtracking(decrease: Double = 1e-4, factor: Double = 0.5, maximumTrials: Int = 60)

  /// - Parameters:
  ///   - first: the length to begin with.
  ///   - noise: how much of the value is rounding.
  /// - Returns: nil if no length will do.
  func search(
    from start: LineTrial, first: Double, noise: Double, at: (Double) throws -> LineTrial
  ) rethrows -> LineTrial? {
    switch self {
    case .strongWolfe(let decrease, let curvature, let maximumTrials):
      var search = WolfeSearch(
        start: start, decrease: decrease, curvature: curvature, noise: noise,
        trialsLeft: maximumTrials)
      return try search.run(first, at)
    case .backtracking(let decrease, let factor, let maximumTrials):
      var t = first
      for _ in 0..<maximumTrials {
        let trial = try at(t)
        let allowed = start.value + decrease * t * start.slope
        // Where the change is rounding, the slope decides (Hager and Zhang 2005, equation 4.1).
        let isFlatter = abs(trial.slope) <= (2 * decrease - 1) * start.slope
        if trial.isFinite, trial.value <= allowed + (isFlatter ? noise : 0) { return trial }
        t *= factor
      }
      return nil
    }
  }
}

/// A point of a line: the length t, the value and the slope there.
struct LineTrial: Sendable {
  let t: Double
  let value: Double
  let slope: Double
  let x: [Double]
  let gradient: [Double]

  var isFinite: Bool { value.isFinite && slope.isFinite }
}

/// One search for a length that satisfies the strong Wolfe conditions, up to rounding of the value.
private struct WolfeSearch {
  let start: LineTrial
  let decrease: Double
  let curvature: Double
  let noise: Double
  var trialsLeft: Int

  func hasFallen(_ trial: LineTrial) -> Bool {
    trial.isFinite && trial.value <= start.value + decrease * trial.t * start.slope + noise
  }

  func isFlat(_ trial: LineTrial) -> Bool { abs(trial.slope) <= -curvature * start.slope }

  /// Lengthens until the conditions hold or a good length is enclosed.
  mutating func run(_ first: Double, _ at: (Double) throws -> LineTrial) rethrows -> LineTrial? {
    var previous = start
    var t = first
    while trialsLeft > 0 {
      trialsLeft -= 1
      let trial = try at(t)
      if hasFallen(trial), isFlat(trial) { return trial }
      if !hasFallen(trial) || (previous.t > 0 && trial.value >= previous.value) {
        return try narrow(previous, trial, at)
      }
      if trial.slope >= 0 { return try narrow(trial, previous, at) }
      previous = trial
      t *= 2.5
    }
    return previous.t > 0 ? previous : nil
  }

  /// Narrows an interval of which `low` is the end with the lower value; the other may be not finite.
  private mutating func narrow(
    _ low: LineTrial, _ high: LineTrial, _ at: (Double) throws -> LineTrial
  ) rethrows -> LineTrial? {
    var (low, high) = (low, high)
    while trialsLeft > 0 {
      trialsLeft -= 1
      let trial = try at(Self.between(low, high))
      if hasFallen(trial), isFlat(trial) { return trial }
      if !hasFallen(trial) || trial.value >= low.value {
        high = trial
      } else {
        if trial.slope * (high.t - low.t) >= 0 { high = low }
        low = trial
      }
      if abs(high.t - low.t) <= 1e-15 * max(abs(high.t), abs(low.t)) { break }
    }
    return low.t > 0 ? low : nil
  }

  /// The minimum of the cubic through both ends (Nocedal and Wright 2006, equation 3.59), kept away from them;
  /// the middle where there is none.
  private static func between(_ a: LineTrial, _ b: LineTrial) -> Double {
    let width = b.t - a.t
    guard b.isFinite else { return a.t + width / 4 }
    let d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.t - b.t)
    let square = d1 * d1 - a.slope * b.slope
    guard square >= 0 else { return a.t + width / 2 }
    let d2 = (width < 0 ? -1 : 1) * square.squareRoot()
    let share = 1 - (b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2)
    return a.t + width * (share.isFinite ? min(max(share, 0.1), 0.9) : 0.5)
  }
}
