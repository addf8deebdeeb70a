import Argmin
import Foundation

/// Called from time to time while an experiment runs: the share of the work that is done, from 0 to 1,
/// and what is being done.
public typealias ExperimentProgress = (_ fraction: Double, _ stage: String) -> Void

/// A small program on the public API with its data: it computes a result of the field, and writes down
/// how well that went.
public protocol Experiment: Sendable {
  /// What it is called on the command line.
  var name: String { get }
  /// What it does, in one line.
  var summary: String { get }

  /// Runs the experiment.
  ///
  /// - Parameters:
  ///   - output: the folder for results.json and figures; created if it is missing.
  ///   - seed: where the random choices start; the same seed gives the same results.
  ///   - progress: called from time to time.
  /// - Throws: `ExperimentError`, or what the solvers throw.
  func run(
    output: URL, seed: UInt64, progress: ExperimentProgress
  ) throws -> ExperimentResults
}

/// What an experiment found.
public struct ExperimentResults: Sendable {
  /// The summary and the tables, for people.
  public var lines: [String]
  /// What the reader must know besides, such as figures that could not be drawn.
  public var notes: [String]
  /// The names of the files in the output folder.
  public var files: [String]

  public init(lines: [String] = [], notes: [String] = [], files: [String] = []) {
    self.lines = lines
    self.notes = notes
    self.files = files
  }
}

/// The experiments of the package.
public enum Experiments {
  /// All of them, in the order in which they are listed.
  public static let all: [any Experiment] = [
    SupportVectorSensitivity(), LogisticSensitivity(), OptNetDenoising(), OptNetSudoku(),
    DigitClassification(), SinusoidMetaLearning(),
    HyperparameterLearning(), SphereAmortization(), VariationalDigits.amortized,
    VariationalDigits.semiAmortized, SparseCodingDigits.predictive, SparseCodingDigits.unrolled,
    TransportOfImages.digits, TransportOfImages.fashion, WarmStartedPrograms(), NeuralFixedPoint(),
    HyperNetworkSinusoid(), AmortizedControl(),
  ]

  /// The experiment of that name.
  public static func named(_ name: String) -> (any Experiment)? {
    all.first { $0.name == name }
  }
}

extension TrainingReport {
  /// - Throws: `ExperimentError.unsolved` if the training ended at a loss that is not finite.
  func requireFinished() throws(ExperimentError) {
    if case .notFinite(let step) = status {
      throw .unsolved(problem: "a training", status: "not finite at step \(step)")
    }
  }
}

/// Why an experiment could not go on.
public enum ExperimentError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A data file that is missing from the package or cannot be read.
  case data(file: String, line: Int? = nil, reason: String)
  /// A file that could not be written.
  case output(file: String, reason: String)
  /// A problem of the experiment that was not solved.
  case unsolved(problem: String, status: String)

  public var description: String {
    switch self {
    case .data(let file, let line, let reason):
      "\(file)\(line.map { ":\($0)" } ?? ""): \(reason)"
    case .output(let file, let reason): "\(file) could not be written: \(reason)"
    case .unsolved(let problem, let status): "\(problem) was not solved: \(status)"
    }
  }
}
