import Foundation

/// What a better start can gain, known before any training. An iteration that converges at the linear rate r needs
/// `log(d/tolerance) / log(1/r)` iterations from the distance d, so a start that is q times closer saves
/// `log q / log(1/r)` of them, at every tolerance alike.
public struct PredictedGain: Codable, Sendable, Equatable {
  /// r: by what factor the residual falls per iteration, in the geometric mean over contexts.
  public let rate: Double
  /// The residual of the cold start, in the geometric mean.
  public let coldResidual: Double
  /// The tolerance that was asked for.
  public let tolerance: Double
  /// The mean iterations of a cold start to the tolerance.
  public let coldIterations: Double

  /// From solved contexts.
  ///
  /// - Parameters:
  ///   - coldResiduals: of the cold starts.
  ///   - iterations: that each took to the tolerance.
  public init(coldResiduals: [Double], iterations: [Int], tolerance: Double) {
    let useful = zip(coldResiduals, iterations).filter { $0 > tolerance && $1 > 0 }
    let logs = useful.map { log($0.0) }
    let count = Double(max(useful.count, 1))
    coldResidual = exp(logs.reduce(0, +) / count)
    coldIterations = useful.reduce(0) { $0 + Double($1.1) } / count
    rate = exp(
      useful.reduce(0) { $0 - log($1.0 / tolerance) / Double($1.1) } / count)
    self.tolerance = tolerance
  }

  /// The iterations that a start saves whose residual is `factor` times smaller than the cold one's.
  public func iterationsSaved(byFactor factor: Double) -> Double { log(factor) / log(1 / rate) }

  /// How many times smaller than the cold start's the residual of a start must be to save the share of the
  /// iterations.
  public func factor(saving share: Double) -> Double { pow(1 / rate, share * coldIterations) }

  /// In words, two lines.
  public var description: String {
    let format = { (number: Double) in String(format: "%.3g", number) }
    return "a cold start takes \(format(coldIterations)) iterations from the residual "
      + "\(format(coldResidual)) to \(format(tolerance)), which falls by \(format(1 - rate)) of itself each time\n"
      + "to save half of them a start must be \(format(factor(saving: 0.5))) times closer"
  }
}
