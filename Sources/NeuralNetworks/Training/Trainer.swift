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
  /// Where the training is kept, and gone on from; nil for nowhere.
  public var checkpoints: TrainingCheckpoints?
  /// Where random numbers of the loss (dropout, sampling) come from.
  public var key: RandomKey
  /// Called after every step, on the calling thread; returning false stops the training.
  public var progress: (@Sendable (TrainingProgress) -> Bool)?

  public init(
    _ optimizer: Method, for length: TrainingLength, schedule: Schedule? = nil,
    clipping: GradientClipping? = nil, earlyStopping: EarlyStopping? = nil,
    recordEvery: Int? = nil, log: TrainingLog? = nil, checkpoints: TrainingCheckpoints? = nil,
    key: RandomKey = RandomKey(seed: 0),
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
    self.checkpoints = checkpoints
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
  ///   - rule: how gradients are obtained.
  ///   - validation: a loss on data held out, computed for every record.
  ///   - loss: the scalar to be made small, from the model, a batch and a key that is another in every step.
  /// - Returns: why it ended and all records. Errors of the loss and of writing the log are thrown on.
  @discardableResult
  public func train<Model: TensorStructure, Batches: BatchSource>(
    _ model: inout Model, on batches: Batches, state: inout OptimizerState?,
    gradient rule: GradientRule = .reverseMode, validation: ((Model) throws -> Double)? = nil,
    loss: (_ model: Model, _ batch: Batches.Batch, _ key: RandomKey) throws -> Tensor
  ) throws -> TrainingReport {
    var optimizer = optimizer
    var optimizerState = state ?? optimizer.initialState(for: model)
    if let checkpoints, state == nil,
      let saved = try checkpoints.load(model: model, states: [optimizerState])
    {
      model = saved.model
      optimizerState = saved.states[0]
    }
    let firstStep = Int(optimizerState.step.item)
    defer { state = optimizerState }
    return try run(
      &model, on: batches, firstStep: firstStep, validation: validation,
      checkpoint: { checkpoints, model, step in
        try checkpoints.save(
          model: model, states: [optimizerState], optimizer: "\(Method.self)", step: step)
      }
    ) { model, batch, index, key in
      if let schedule { optimizer.learningRate = Tensor(schedule(index)) }
      var (value, gradient) = try rule(at: model, key: key.split().1) { try loss($0, batch, key) }
      let norm = gradient.globalNorm
      guard value.item.isFinite, norm.item.isFinite else { return nil }
      clipping?.clip(&gradient, norm: norm)
      optimizer.update(&model, gradient: gradient, state: &optimizerState)
      return TrainingStep(
        loss: value.item, gradientNorm: norm.item, learningRate: optimizer.learningRate.item)
    }
  }

  /// Trains a model in place from the beginning, or from the last checkpoint if there is one.
  @discardableResult
  public func train<Model: TensorStructure, Batches: BatchSource>(
    _ model: inout Model, on batches: Batches, gradient rule: GradientRule = .reverseMode,
    validation: ((Model) throws -> Double)? = nil,
    loss: (_ model: Model, _ batch: Batches.Batch, _ key: RandomKey) throws -> Tensor
  ) throws -> TrainingReport {
    var state: OptimizerState?
    return try train(
      &model, on: batches, state: &state, gradient: rule, validation: validation, loss: loss)
  }

  /// Trains several players on parts of one structure, each with a loss and an optimizer of its own: a model
  /// and the problem whose solutions it predicts, an actor and a critic. In every step each player whose turn
  /// it is makes one step, in order, and sees what those before it did.
  ///
  /// The trainer's own optimizer, schedule and clipping are not used. The loss of a record is the sum over the
  /// players; a loss that is not finite ends the training.
  @discardableResult
  public func train<Game: TensorStructure, Batches: BatchSource>(
    _ game: inout Game, players: [Player<Game, Batches.Batch>], on batches: Batches,
    validation: ((Game) throws -> Double)? = nil
  ) throws -> TrainingReport {
    precondition(!players.isEmpty, "train: no players")
    var states = players.map { $0.initialState(game) }
    var firstStep = 0
    if let checkpoints, let saved = try checkpoints.load(model: game, states: states) {
      game = saved.model
      states = saved.states
      firstStep = saved.step
    }
    return try run(
      &game, on: batches, firstStep: firstStep, validation: validation,
      checkpoint: { checkpoints, game, step in
        try checkpoints.save(
          model: game, states: states, optimizer: players.map(\.name).joined(separator: ", "),
          step: step)
      }
    ) { game, batch, index, key in
      var (loss, squaredNorm) = (0.0, 0.0)
      let keys = key.split(into: players.count)
      for (place, player) in players.enumerated() where index % player.every == 0 {
        guard let made = try player.step(&game, batch, keys[place], &states[place]) else {
          return nil
        }
        loss += made.loss
        squaredNorm += made.gradientNorm * made.gradientNorm
      }
      return TrainingStep(
        loss: loss, gradientNorm: squaredNorm.squareRoot(), learningRate: 0)
    }
  }

  /// The loop.
  private func run<Model: TensorStructure, Batches: BatchSource>(
    _ model: inout Model, on batches: Batches, firstStep first: Int,
    validation: ((Model) throws -> Double)?,
    checkpoint: (TrainingCheckpoints, Model, _ step: Int) throws -> Void,
    step: (inout Model, Batches.Batch, _ index: Int, RandomKey) throws -> TrainingStep?
  ) throws -> TrainingReport {
    precondition(
      earlyStopping == nil || validation != nil, "train: early stopping without a validation loss")
    let batchCount = batches.batchCount
    // A run that goes on from a checkpoint makes what is missing.
    let totalSteps = max(
      length.steps(perEpoch: batchCount) - (checkpoints == nil ? 0 : first), 0)
    precondition(batchCount > 0 || totalSteps == 0, "train: \(totalSteps) steps without batches")
    try log?.begin()
    var run = TrainingRun(
      totalSteps: totalSteps, firstEpoch: batchCount == 0 ? 0 : first / batchCount,
      earlyStopping: earlyStopping, log: log)
    var best: Model?
    // Another one than the loader's, should both have been given the same key.
    let lossKey = key.split().1
    var skipped = batchCount == 0 ? 0 : first % batchCount

    training: while run.step < totalSteps {
      for batch in batches.epoch(run.epoch).dropFirst(skipped) {
        let index = first + run.step
        guard let made = try step(&model, batch, index, lossKey.folded(in: index)) else {
          run.refuse()
          break training
        }
        run.finish(made)

        let endsEpoch = (index + 1) % batchCount == 0
        if run.step == totalSteps || recordEvery.map({ run.step % $0 == 0 }) ?? endsEpoch {
          let isBest = try run.record(validationLoss: validation?(model))
          if isBest, earlyStopping?.restoresBest ?? false { best = model }
        }
        if let checkpoints, (index + 1) % checkpoints.every == 0 {
          try checkpoint(checkpoints, model, index + 1)
        }
        if let progress, !progress(run.progress) { run.status = .cancelled }
        if run.status != nil || run.step == totalSteps { break training }
      }
      skipped = 0
      run.epoch += 1
    }
    if let checkpoints { try checkpoint(checkpoints, model, first + run.step) }
    if let best { model = best }
    return run.report
  }
}

/// What one step of a training did.
struct TrainingStep {
  let loss: Double
  let gradientNorm: Double
  let learningRate: Double
}
