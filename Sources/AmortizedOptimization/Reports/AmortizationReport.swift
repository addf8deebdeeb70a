import Foundation

/// How good the starts of a solver are, learned ones and classical ones: what a study measured. See
/// `AmortizationStudy`.
public struct AmortizationReport: Codable, Sendable, Equatable {
  /// The numbers of one way to start, over the contexts of one distribution.
  public struct Row: Codable, Sendable, Equatable {
    /// What it is called.
    public let name: String
    /// The suboptimality of the start itself, `f(y) - f*` divided by the mean of `|f(y₀) - f*|` over the contexts
    /// with the cold start y₀: 1 is about as good as that and 0 is optimal. Nil for the cold start.
    public let suboptimality: Distribution?
    /// The violation of the constraints by the start itself.
    public let violation: Distribution
    /// For each tolerance the iterations of the solver to it.
    public let iterations: [Distribution]
    /// For each tolerance the milliseconds of an item, its share of the time of the batch, prediction included.
    public let milliseconds: [Timing]
    /// For each tolerance the share of contexts that were solved.
    public let solvedShare: [Double]
    /// For each tolerance the share of contexts for which the start was given up.
    public let fallbackShare: [Double]
  }

  /// A time that was measured several times.
  public struct Timing: Codable, Sendable, Equatable {
    /// One number for each round, in the order in which they were measured.
    public let rounds: [Double]
    public let median: Double
    public let least: Double
    public let largest: Double

    /// Of some numbers; NaN of none.
    public init(_ rounds: [Double]) {
      let sorted = rounds.sorted()
      self.rounds = rounds
      median =
        sorted.isEmpty ? .nan : (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
      least = sorted.first ?? .nan
      largest = sorted.last ?? .nan
    }
  }

  /// What a number is like over many contexts.
  public struct Distribution: Codable, Sendable, Equatable {
    public let mean: Double
    public let median: Double
    /// The 95th percentile.
    public let high: Double
    public let worst: Double

    /// Of some numbers; NaN of none.
    public init(_ numbers: [Double]) {
      let sorted = numbers.sorted()
      func quantile(_ share: Double) -> Double {
        sorted.isEmpty ? .nan : sorted[min(Int(share * Double(sorted.count)), sorted.count - 1)]
      }
      mean = sorted.isEmpty ? .nan : sorted.reduce(0, +) / Double(sorted.count)
      median = quantile(0.5)
      high = quantile(0.95)
      worst = sorted.last ?? .nan
    }
  }

  /// The rows for one distribution of contexts.
  public struct Section: Codable, Sendable, Equatable {
    /// What the distribution is called.
    public let contexts: String
    /// How many contexts were solved.
    public let count: Int
    public let rows: [Row]
  }

  /// The break-even of a learned start: training has cost as much as so many solves have saved.
  public struct BreakEven: Codable, Sendable, Equatable {
    public let name: String
    public let tolerance: Double
    /// The classical way that it is compared with: the fastest.
    public let comparedWith: String
    /// Saved by one solve, round by round; not positive if nothing is.
    public let millisecondsSaved: Timing
    /// Whether some rounds saved time and others lost it: then `solves` says nothing.
    public let isWithinNoise: Bool
    /// The number of solves by the median saving; nil if training never pays.
    public let solves: Int?
    /// The numbers of solves by the largest and the least saving; nil where that is not positive.
    public let fewestSolves: Int?
    public let mostSolves: Int?

    init(
      name: String, tolerance: Double, comparedWith: String, millisecondsSaved: Timing,
      trainingSeconds: Double
    ) {
      func solves(_ saved: Double) -> Int? {
        saved > 0 ? Int(min(trainingSeconds * 1000 / saved, 1e15).rounded(.up)) : nil
      }
      self.name = name
      self.tolerance = tolerance
      self.comparedWith = comparedWith
      self.millisecondsSaved = millisecondsSaved
      isWithinNoise = millisecondsSaved.least <= 0 && millisecondsSaved.largest > 0
      self.solves = solves(millisecondsSaved.median)
      fewestSolves = solves(millisecondsSaved.largest)
      mostSolves = solves(millisecondsSaved.least)
    }
  }

  /// What was solved.
  public let problem: String
  public let tolerances: [Double]
  /// How often everything was timed.
  public let repetitions: Int
  public let sections: [Section]
  /// Seconds for labels and for training.
  public let trainingSeconds: Double
  public let prediction: PredictedGain?
  /// For each learned start and tolerance, on the first section's contexts.
  public let breakEvens: [BreakEven]
}

extension AmortizationReport {
  /// The report as JSON; numbers that are not finite are the strings "nan", "inf" and "-inf".
  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try encoder.encode(self)
  }

  /// Reads what `json` wrote.
  ///
  /// - Throws: `DecodingError`.
  public init(json: Data) throws {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    self = try decoder.decode(AmortizationReport.self, from: json)
  }
}
