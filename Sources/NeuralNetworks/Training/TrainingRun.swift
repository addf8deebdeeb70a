import Autodiff

/// How long a training goes.
public enum TrainingLength: Sendable, Hashable {
  case steps(Int)
  case epochs(Int)

  func steps(perEpoch batchCount: Int) -> Int {
    switch self {
    case .steps(let count): count
    case .epochs(let count): count * batchCount
    }
  }
}

/// Stopping when the validation loss no longer falls.
public struct EarlyStopping: Sendable, Hashable {
  /// After so many records in a row without improvement.
  public var patience: Int
  /// The least that counts as an improvement.
  public var minimumImprovement: Double
  /// Whether the model with the lowest validation loss is the one that is left.
  public var restoresBest: Bool

  public init(patience: Int, minimumImprovement: Double = 0, restoresBest: Bool = true) {
    self.patience = patience
    self.minimumImprovement = minimumImprovement
    self.restoresBest = restoresBest
  }
}

/// A look into a running training.
public struct TrainingProgress: Sendable {
  /// Steps made in this run, of `totalSteps`.
  public let step: Int
  public let totalSteps: Int
  /// The epoch, counted from 1.
  public let epoch: Int
  /// The loss of the last step.
  public let loss: Double
  /// The latest validation loss, if any.
  public let validationLoss: Double?

  /// The share of the work that is done, 0 ... 1.
  public var fraction: Double { totalSteps == 0 ? 1 : Double(step) / Double(totalSteps) }
}

/// Why a training ended.
public enum TrainingStatus: Sendable, Hashable {
  /// All steps were made.
  case finished
  /// The validation loss no longer fell.
  case stoppedEarly
  /// The progress callback returned false.
  case cancelled
  /// A loss or a gradient was NaN or infinite in this step, counted from 1, which was not made.
  case notFinite(step: Int)
}

/// What a training did.
public struct TrainingReport: Sendable, Hashable {
  public let status: TrainingStatus
  /// Steps made.
  public let steps: Int
  public let records: [TrainingRecord]
  /// The validation loss of the last record that counted as an improvement.
  public let bestValidationLoss: Double?
}

/// The bookkeeping of one training.
struct TrainingRun {
  let totalSteps: Int
  let earlyStopping: EarlyStopping?
  let log: TrainingLog?
  var epoch: Int
  /// Steps made.
  private(set) var step = 0
  /// Why the training is to end; nil while it goes on.
  var status: TrainingStatus?
  private var last = TrainingStep(loss: 0, gradientNorm: 0, learningRate: 0)
  private var lossSum = 0.0
  private var lossCount = 0
  private var records: [TrainingRecord] = []
  private var bestValidationLoss: Double?
  private var staleRecords = 0
  private let start = ContinuousClock.now

  init(totalSteps: Int, firstEpoch: Int, earlyStopping: EarlyStopping?, log: TrainingLog?) {
    self.totalSteps = totalSteps
    self.earlyStopping = earlyStopping
    self.log = log
    epoch = firstEpoch
  }

  /// The step was not made, for its loss or gradient was not finite.
  mutating func refuse() { status = .notFinite(step: step + 1) }

  mutating func finish(_ made: TrainingStep) {
    step += 1
    lossSum += made.loss
    lossCount += 1
    last = made
  }

  /// Adds a record; returns whether its validation loss is the lowest so far.
  mutating func record(validationLoss: Double?) throws -> Bool {
    let record = TrainingRecord(
      epoch: epoch + 1, step: step, loss: lossSum / Double(lossCount),
      validationLoss: validationLoss, learningRate: last.learningRate,
      gradientNorm: last.gradientNorm, seconds: (ContinuousClock.now - start) / .seconds(1))
    (lossSum, lossCount) = (0, 0)
    records.append(record)
    try log?.append(record)
    guard let validationLoss else { return false }
    let margin = earlyStopping?.minimumImprovement ?? 0
    if bestValidationLoss.map({ validationLoss < $0 - margin }) ?? !validationLoss.isNaN {
      bestValidationLoss = validationLoss
      staleRecords = 0
      return true
    }
    staleRecords += 1
    if let earlyStopping, staleRecords >= earlyStopping.patience { status = .stoppedEarly }
    return false
  }

  var progress: TrainingProgress {
    TrainingProgress(
      step: step, totalSteps: totalSteps, epoch: epoch + 1, loss: last.loss,
      validationLoss: records.last?.validationLoss)
  }

  var report: TrainingReport {
    TrainingReport(
      status: status ?? .finished, steps: step, records: records,
      bestValidationLoss: bestValidationLoss)
  }
}
