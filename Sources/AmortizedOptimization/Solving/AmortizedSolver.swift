import Autodiff
import DifferentiableOptimization
import OptimizationCore

/// A solver that starts from predictions: the answers are the exact solver's, to its tolerance and with its
/// certificate, whatever the model says; the guard bounds what a bad prediction can cost.
///
/// ```swift
/// let solver = try AmortizedSolver(model, of: family, guardedBy: .budget(), coldStarts: solved)
/// let answer = try solver([p])             // answer.value, .residuals, .routes, .iterations
/// ```
public struct AmortizedSolver<Model: WarmStarter>: Sendable {
  public typealias Map = Model.Problem

  public let model: Model
  public let map: Map
  public let protection: Guard
  /// When the exact solver stops.
  public var limits: SolutionLimits
  /// The updates of the model; nil for its own number.
  public var steps: Int?
  /// The mean iterations of a cold start, from which the budget follows.
  private let coldIterations: Double

  /// - Parameters:
  ///   - model: predicts the solver's states.
  ///   - map: the exact solver.
  ///   - protection: what bounds the damage of a bad prediction.
  ///   - coldStarts: contexts that were solved from cold, for the guard `.budget`; not needed otherwise.
  ///   - limits: when the exact solver stops.
  /// - Throws: `AmortizationError`.
  public init(
    _ model: Model, of map: Map, guardedBy protection: Guard, coldStarts: SolvedSet<Map>? = nil,
    limits: SolutionLimits = SolutionLimits()
  ) throws(AmortizationError) {
    switch protection {
    case .none: break
    case .certified(let threshold):
      guard threshold >= 0 else {
        throw .invalid(argument: "largestResidual", value: threshold, expected: "at least 0")
      }
    case .budget(let factor):
      guard factor > 0, factor.isFinite else {
        throw .invalid(argument: "factor", value: factor, expected: "positive")
      }
      guard let coldStarts, coldStarts.count > 0 else {
        throw .tooFew(argument: "coldStarts", needed: 1, actual: 0)
      }
      // Iterations to another tolerance say nothing of what a cold start takes.
      let tolerance = limits.tolerance ?? map.defaultTolerance
      guard coldStarts.tolerance == tolerance else {
        throw .invalid(
          argument: "coldStarts.tolerance", value: coldStarts.tolerance,
          expected: "the solver's, \(tolerance)")
      }
    case .race:
      guard map is any IterativeMap else { throw .raceNeedsSteps(problem: "\(Map.self)") }
    }
    self.model = model
    self.map = map
    self.protection = protection
    self.limits = limits
    coldIterations = coldStarts?.meanIterations ?? 0
  }

  /// What the model predicts for a batch, as states of the solver.
  public func prediction(for context: Map.Context) -> Map.State {
    let last = model.iterates(context, of: map, steps: steps).last!
    return model.start(of: last.state, last.oracle).stoppingGradient()
  }

  /// Solves a batch.
  ///
  /// - Throws: `AmortizationError.batchSizes`, and what the exact solver throws of data that are no problem.
  public func callAsFunction(_ context: Map.Context) throws -> AmortizedAnswer<Map> {
    let context = context.stoppingGradient()
    let sizes = context.leaves.map { $0.shape.first ?? 0 }
    guard Set(sizes).count <= 1 else { throw AmortizationError.batchSizes(sizes) }
    // The solver tells what is wrong with shapes before the model sees them.
    _ = try map.solve(context.items([]), from: nil, limits: SolutionLimits())
    let begin = ContinuousClock.now
    let predicted = prediction(for: context)
    let predictionEnd = ContinuousClock.now
    let outcome = try solve(context, from: predicted)
    let value = map.point(of: outcome.solved.state, for: context)
    let residuals = map.residual(of: outcome.solved.state, for: context).scalars
    return AmortizedAnswer(
      state: outcome.solved.state, value: value, statuses: outcome.solved.statuses,
      residuals: residuals, routes: outcome.routes, iterations: outcome.solved.iterations,
      predictionSeconds: (predictionEnd - begin) / .seconds(1),
      seconds: (ContinuousClock.now - begin) / .seconds(1), map: map, context: context)
  }

  /// The states where the solves ended, with all iterations spent, and the routes to them.
  private struct Outcome {
    var solved: SolvedBatch<Map.State>
    var routes: [Route]
  }

  private func solve(_ context: Map.Context, from predicted: Map.State) throws -> Outcome {
    let items = context.batchCount
    let broken = Set(predicted.itemsNotFinite)
    var reasons = [FallbackReason?](repeating: nil, count: items)
    for item in broken { reasons[item] = .notFinite }
    var limits = limits
    switch protection {
    case .none: break
    case .certified(let threshold):
      let residuals = map.residual(of: predicted, for: context).scalars
      for item in 0..<items where !broken.contains(item) && !(residuals[item] <= threshold) {
        reasons[item] = .abstained(residual: residuals[item])
      }
    case .budget(let factor):
      let budget = Int((factor * coldIterations).rounded(.up))
      limits.maximumIterations = min(budget, limits.maximumIterations ?? budget)
    case .race:
      if let map = map as? any IterativeMap {
        return try race(map, context, from: predicted, broken: broken)
      }
    }
    return try solve(context, from: predicted, limits, &reasons)
  }

  /// From the prediction where there is no reason not to, then from nothing where that failed.
  private func solve(
    _ context: Map.Context, from predicted: Map.State, _ warmLimits: SolutionLimits,
    _ reasons: inout [FallbackReason?]
  ) throws -> Outcome {
    let trusted = reasons.indices.filter { reasons[$0] == nil }
    let warm = try map.solve(
      context.items(trusted), from: predicted.items(trusted), limits: warmLimits)
    var spent = [Int](repeating: 0, count: reasons.count)
    var isFinal = [Bool](repeating: false, count: reasons.count)
    for (place, item) in trusted.enumerated() {
      spent[item] = warm.iterations[place]
      switch warm.statuses[place] {
      // Proofs that there is no solution don't depend on the start.
      case .optimal, .primalInfeasible, .dualInfeasible, .cancelled, .timeLimit:
        isFinal[item] = true
      case .iterationLimit:
        reasons[item] =
          if case .budget = protection {
            .budgetSpent(iterations: spent[item])
          } else {
            .failed(.iterationLimit)
          }
      case .almostOptimal, .numericalError: reasons[item] = .failed(warm.statuses[place])
      }
    }
    let rest = isFinal.indices.filter { !isFinal[$0] }
    let cold = try map.solve(context.items(rest), from: nil, limits: limits)
    var outcome = Outcome(
      solved: SolvedBatch(
        state: warm.state.appending(cold.state), statuses: [], residuals: [], iterations: []),
      routes: [])
    var source: [Int] = []
    let places = Dictionary(uniqueKeysWithValues: trusted.enumerated().map { ($1, $0) })
    let coldPlaces = Dictionary(uniqueKeysWithValues: rest.enumerated().map { ($1, $0) })
    for item in reasons.indices {
      if let coldPlace = coldPlaces[item] {
        // Where neither start reached the tolerance the better state counts.
        let betterWarm = places[item].flatMap { place in
          !cold.statuses[coldPlace].isConclusive
            && !(cold.residuals[coldPlace] <= warm.residuals[place])
            && warm.residuals[place].isFinite ? place : nil
        }
        let (answer, place) = betterWarm.map { (warm, $0) } ?? (cold, coldPlace)
        source.append(betterWarm ?? trusted.count + coldPlace)
        outcome.solved.statuses.append(answer.statuses[place])
        outcome.solved.residuals.append(answer.residuals[place])
        outcome.solved.iterations.append(spent[item] + cold.iterations[coldPlace])
        outcome.routes.append(.fellBack(reasons[item]!))
      } else {
        let place = places[item]!
        source.append(place)
        outcome.solved.statuses.append(warm.statuses[place])
        outcome.solved.residuals.append(warm.residuals[place])
        outcome.solved.iterations.append(spent[item])
        outcome.routes.append(spent[item] == 0 ? .predicted : .refined(iterations: spent[item]))
      }
    }
    outcome.solved.state = outcome.solved.state.items(source)
    return outcome
  }

  /// Both starts of every item side by side.
  private func race<Iterative: IterativeMap>(
    _ map: Iterative, _ context: Map.Context, from predicted: Map.State, broken: Set<Int>
  ) throws -> Outcome {
    let context = context as! Iterative.Context
    let predicted = predicted as! Iterative.State
    let items = context.batchCount
    let tolerance = limits.tolerance ?? map.defaultTolerance
    let most = limits.maximumIterations ?? map.defaultMaximumIterations
    // Items 0 ..< n start from the prediction, n ..< 2n from nothing.
    var run = IterationRun(
      map, context.appending(context),
      from: predicted.appending(map.coldStart(for: context)))
    var winner = [Int?](repeating: nil, count: items)
    run.finish { copy, _ in copy < items && broken.contains(copy) ? .numericalError : nil }
    while true {
      run.finish { copy, residual in
        guard residual <= tolerance else { return nil }
        // Of two that are done at once the first, from the prediction, counts.
        if winner[copy % items] == nil { winner[copy % items] = copy }
        return .optimal
      }
      run.finish { copy, _ in winner[copy % items] == nil ? nil : .cancelled }
      if run.active.isEmpty || run.steps >= most { break }
      if let progress = limits.progress,
        !progress(SolveProgress(winner.count { $0 != nil }, of: items))
      {
        run.finish { _, _ in .cancelled }
        break
      }
      run.advance(by: min(map.checkInterval, most - run.steps))
    }
    run.finish { _, _ in .iterationLimit }
    let solved = run.solved
    // Where none has won the better one counts.
    let copies = (0..<items).map { item in
      if let winner = winner[item] { return winner }
      let (warm, cold) = (solved.residuals[item], solved.residuals[item + items])
      return !broken.contains(item) && (warm <= cold || !cold.isFinite) ? item : item + items
    }
    let total = (0..<items).map { solved.iterations[$0] + solved.iterations[$0 + items] }
    return Outcome(
      solved: SolvedBatch(
        state: solved.state.items(copies) as! Map.State,
        statuses: copies.map { solved.statuses[$0] },
        residuals: copies.map { solved.residuals[$0] }, iterations: total),
      routes: copies.enumerated().map { item, copy in
        if copy >= items { return .fellBack(broken.contains(item) ? .notFinite : .coldWasFaster) }
        let iterations = solved.iterations[copy]
        return iterations == 0 ? .predicted : .refined(iterations: iterations)
      })
  }
}

extension SolveStatus {
  /// Whether another start would not change it.
  fileprivate var isConclusive: Bool {
    switch self {
    case .optimal, .primalInfeasible, .dualInfeasible: true
    default: false
    }
  }
}
