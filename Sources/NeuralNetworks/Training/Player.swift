import Autodiff

/// One of several that are trained on parts of one structure, each for a loss of its own; see `Trainer.train`.
///
/// ```swift
/// let players: [Player<Game, Batch>] = [
///   Player("critic", \.critic, by: Adam(learningRate: 1e-3)) { game, batch, _ in ... },
///   Player("actor", \.actor, by: Adam(learningRate: 1e-4), every: 2) { game, batch, _ in ... },
/// ]
/// ```
public struct Player<Game: TensorStructure, Batch: TensorStructure>: Sendable {
  /// What reports call it.
  public let name: String
  /// Its turn comes in every so-many steps.
  public let every: Int
  let initialState: @Sendable (Game) -> OptimizerState
  /// Makes a step; nil, and nothing is changed, if the loss or its gradient is not finite.
  let step: @Sendable (inout Game, Batch, RandomKey, inout OptimizerState) throws -> TrainingStep?

  /// - Parameters:
  ///   - part: what this player changes; everything else is a constant of its loss.
  ///   - optimizer: how it is changed.
  ///   - every: its turn comes in every so-many steps.
  ///   - clipping: how its gradients are limited.
  ///   - loss: the scalar that it makes small, from the whole structure.
  public init<Part: TensorStructure, Method: Optimizer>(
    _ name: String, _ part: WritableKeyPath<Game, Part> & Sendable, by optimizer: Method,
    every: Int = 1, clipping: GradientClipping? = nil,
    loss: @escaping @Sendable (_ game: Game, _ batch: Batch, _ key: RandomKey) throws -> Tensor
  ) {
    precondition(every > 0, "Player: a turn in every \(every) steps")
    self.name = name
    self.every = every
    initialState = { optimizer.initialState(for: $0[keyPath: part]) }
    step = { game, batch, key, state in
      let whole = game
      var (value, gradient) = try valueAndGradient(at: game[keyPath: part]) { mine in
        var game = whole
        game[keyPath: part] = mine
        return try loss(game, batch, key)
      }
      let norm = gradient.globalNorm
      guard value.item.isFinite, norm.item.isFinite else { return nil }
      clipping?.clip(&gradient, norm: norm)
      optimizer.update(&game[keyPath: part], gradient: gradient, state: &state)
      return TrainingStep(
        loss: value.item, gradientNorm: norm.item, learningRate: optimizer.learningRate.item)
    }
  }
}
