import Autodiff

/// How a training goes: the optimizer, how long, and what is watched on the way. The package's one training
/// loop.
///
/// ```swift
/// let trainer = Trainer(Adam(learningRate: 1e-3), for: .epochs(20))
/// let report = try trainer.train(&network, on: loader) { network, batch, _ in
///   meanSquaredError(network(batch.first), batch.second)
/// }
/// ```
public struct Trainer<Method: Optimizer>: Sendable {
  public var optimizer: Method
  public var length: TrainingLength
  /// The learning rate of every step; nil keeps the optimizer's own.
  public var schedule: Schedule?
  /// How gradients are limited; nil for not at all.
  public var clipping: GradientClipping?
  /// When to stop before the end; needs a validation loss.
  public var earlyStopping: EarlyStopping?
  /// A record is made, and the validation loss computed, after every so-many steps; nil for after every
  /// epoch. There is always one at the end.
  public var recordEvery: Int?
  /// Where records are written as they come.
  public var log: TrainingLog?
  /// Where random numbers of the loss (dropout, sampling) come from.
  public var key: RandomKey
  /// Called after every step, on the calling thread; returning false stops the training.
  public var progress: (@Sendable (TrainingProgress) -> Bool)?

  public init(
    _ optimizer: Method, for length: TrainingLength, schedule: Schedule? = nil,
    clipping: GradientClipping? = nil, earlyStopping: EarlyStopping? = nil,
    recordEvery: Int? = nil, log: TrainingLog? = nil, key: RandomKey = RandomKey(seed: 0),
    progress: (@Sendable (TrainingProgress) -> Bool)? = nil
  ) {
    precondition(recordEvery ?? 1 > 0, "Trainer: a record every \(recordEvery ?? 0) steps")
    self.optimizer = optimizer
    self.length = length
    self.schedule = schedule
    self.clipping = clipping
    self.earlyStopping = earlyStopping
    self.recordEvery = recordEvery
    self.log = log
    self.key = key
    self.progress = progress
  }

  /// Trains a model in place.
  ///
  /// A loss or a gradient that is not finite ends the training; the model then is the one before that step.
  ///
  /// - Parameters:
  ///   - model: any structure of tensors; all of them are trained (see `Optimizer.freezing` for less).
  ///   - state: continues from a state of the optimizer, in which the last one is left; nil begins anew.
  ///   - validation: a loss on data held out, computed for every record.
  ///   - loss: the scalar to be made small, from the model, a batch and a key that is another in every step.
  /// - Returns: why it ended and all records. Errors of the loss and of writing the log are thrown on.
  @discardableResult
  public func train<Model: TensorStructure, Batch: TensorStructure>(
    _ model: inout Model, on loader: DataLoader<Batch>, state: inout OptimizerState?,
    validation: ((Model) throws -> Double)? = nil,
    loss: (_ model: Model, _ batch: Batch, _ key: RandomKey) throws -> Tensor
  ) throws -> TrainingReport {
    precondition(
      earlyStopping == nil || validation != nil, "train: early stopping without a validation loss")
    let batchCount = loader.batchCount
    let totalSteps = length.steps(perEpoch: batchCount)
    precondition(batchCount > 0 || totalSteps == 0, "train: \(totalSteps) steps without batches")
    try log?.begin()
    var optimizer = optimizer
    var optimizerState = state ?? optimizer.initialState(for: model)
    defer { state = optimizerState }
    let first = Int(optimizerState.step.item)
    var run = TrainingRun(
      totalSteps: totalSteps, firstEpoch: batchCount == 0 ? 0 : first / batchCount,
      earlyStopping: earlyStopping, log: log)
    var best: Model?
    // Another one than the loader's, should both have been given the same key.
    let lossKey = key.split().1

    training: while run.step < totalSteps {
      for batch in loader.epoch(run.epoch) {
        let index = first + run.step
        if let schedule { optimizer.learningRate = Tensor(schedule(index)) }
        var (value, gradient) = try valueAndGradient(at: model) {
          try loss($0, batch, lossKey.folded(in: index))
        }
        guard run.accepts(loss: value.item, gradientNorm: gradient.globalNorm) else {
          break training
        }
        clipping?.clip(&gradient, norm: run.gradientNorm)
        optimizer.update(&model, gradient: gradient, state: &optimizerState)
        run.finishStep(learningRate: optimizer.learningRate.item)

        let endsEpoch = run.step % batchCount == 0
        if run.step == totalSteps || recordEvery.map({ run.step % $0 == 0 }) ?? endsEpoch {
          let isBest = try run.record(validationLoss: validation?(model))
          if isBest, earlyStopping?.restoresBest ?? false { best = model }
        }
        if let progress, !progress(run.progress) { run.status = .cancelled }
        if run.status != nil || run.step == totalSteps { break training }
      }
      run.epoch += 1
    }
    if let best { model = best }
    return run.report
  }

  /// Trains a model in place from the beginning.
  @discardableResult
  public func train<Model: TensorStructure, Batch: TensorStructure>(
    _ model: inout Model, on loader: DataLoader<Batch>,
    validation: ((Model) throws -> Double)? = nil,
    loss: (_ model: Model, _ batch: Batch, _ key: RandomKey) throws -> Tensor
  ) throws -> TrainingReport {
    var state: OptimizerState?
    return try train(&model, on: loader, state: &state, validation: validation, loss: loss)
  }
}
