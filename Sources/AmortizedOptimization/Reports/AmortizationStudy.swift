import Autodiff
import DifferentiableOptimization
import OptimizationCore

/// Measures ways to start a solver on contexts held out: from nothing, from the nearest neighbour among solved
/// contexts, from the previous solution, and from predictions, with and without guards.
///
/// ```swift
/// var study = AmortizationStudy(of: family, named: "portfolios", tolerances: [1e-2, 1e-4])
/// study.add(model, named: "network", guards: [.none, .budget()])
/// let report = try study.report(on: [("in distribution", test)], training: solved, trainingSeconds: 12)
/// ```
public struct AmortizationStudy<Map: SolutionMap>: Sendable {
  public let map: Map
  public let problem: String
  public let tolerances: [Double]
  /// The iterations allowed; nil for the solver's own limit.
  public var maximumIterations: Int?
  /// How often everything is timed. The ways to start take turns, so that a machine that slows down slows all of
  /// them; each round has a saving of its own, of which a report gives the median and the range. The median of seven
  /// lies in their range with 98 % confidence.
  public var repetitions = 7

  /// A way to start.
  private struct Method: Sendable {
    let name: String
    let isLearned: Bool
    /// Whether the start is at hand when a solve begins, and takes no time.
    var isAtHand = false
    /// The iterations that the start takes.
    var startIterations = 0
    /// The starts, nil for the cold one.
    let start: @Sendable (Map.Context, _ training: SolvedSet<Map>) -> Map.State?
    /// Solves to a tolerance in a way of its own; nil for from the start.
    var solve:
      (@Sendable (Map.Context, _ training: SolvedSet<Map>, SolutionLimits) throws -> Outcome)?
  }

  private struct Outcome: Sendable {
    let iterations: [Int]
    let statuses: [SolveStatus]
    var fallbacks = 0
    let milliseconds: Double
  }

  private var methods: [Method] = []

  /// A study of the cold start and of nearest neighbours; `addPreviousSolution` adds the solution of the context
  /// before.
  public init(of map: Map, named problem: String, tolerances: [Double]) {
    precondition(!tolerances.isEmpty, "AmortizationStudy: no tolerances")
    self.map = map
    self.problem = problem
    self.tolerances = tolerances
    addStart(named: "cold start", isLearned: false) { _, _ in nil }
    addStart(named: "nearest neighbour", isLearned: false) { context, training in
      training.nearest(to: context)
    }
  }

  /// Adds a start of one's own.
  ///
  /// - Parameters:
  ///   - isAtHand: whether it is known when a solve begins; if not, its time counts.
  ///   - iterations: how many iterations of the solver, or as costly ones, it takes; they count.
  public mutating func addStart(
    named name: String, isLearned: Bool, isAtHand: Bool = false, iterations: Int = 0,
    _ start: @escaping @Sendable (_ context: Map.Context, _ training: SolvedSet<Map>) -> Map.State?
  ) {
    methods.append(
      Method(
        name: name, isLearned: isLearned, isAtHand: isAtHand, startIterations: iterations,
        start: start))
  }

  /// Adds the start from the solution of the context before it, for contexts that follow each other; the first
  /// of a batch starts from nothing.
  public mutating func addPreviousSolution() {
    let map = map
    addStart(named: "previous solution", isLearned: false, isAtHand: true) { context, _ in
      let items = context.batchCount
      guard items > 0, let solved = try? map.solve(context) else { return nil }
      let cold = try? map.solve(context.items([0]), from: nil, limits: .init(maximumIterations: 0))
      return cold?.state.appending(solved.state.items(Array(0..<items - 1)))
    }
  }

  /// Adds the predictions of a model, once for each guard.
  public mutating func add<Model: WarmStarter>(
    _ model: Model, named name: String, guards: [Guard] = [.none], steps: Int? = nil
  ) where Model.Problem == Map {
    let map = map
    for protection in guards {
      let title = protection == .none ? name : "\(name), \(protection.name)"
      methods.append(
        Method(
          name: title, isLearned: true,
          start: { context, _ in
            var solver = try? AmortizedSolver(model, of: map, guardedBy: .none)
            solver?.steps = steps
            return solver?.prediction(for: context)
          }
        ) { context, training, limits in
          // The budget is that of cold starts to the same tolerance.
          let sample = try SolvedSet(
            of: map, at: training.context.items(Array(0..<min(training.count, 200))),
            limits: limits)
          var solver = try AmortizedSolver(
            model, of: map, guardedBy: protection, coldStarts: sample, limits: limits)
          solver.steps = steps
          let answer = try solver(context)
          let fallbacks = answer.routes.count { if case .fellBack = $0 { true } else { false } }
          return Outcome(
            iterations: answer.iterations, statuses: answer.statuses, fallbacks: fallbacks,
            milliseconds: answer.seconds * 1000)
        })
    }
  }

  /// Measures everything.
  ///
  /// - Parameters:
  ///   - sections: distributions of contexts by name, solved to high accuracy; the first is the one of the
  ///     training.
  ///   - training: the contexts that were trained on, among which neighbours are looked for.
  ///   - trainingSeconds: what labels and training took.
  public func report(
    on sections: [(name: String, contexts: SolvedSet<Map>)], training: SolvedSet<Map>,
    trainingSeconds: Double
  ) throws -> AmortizationReport {
    precondition(repetitions > 0, "AmortizationStudy: \(repetitions) repetitions")
    let measured = try sections.map { name, contexts in
      let timings = try timings(on: contexts, training)
      return AmortizationReport.Section(
        contexts: name, count: contexts.count,
        rows: try methods.indices.map { try row(methods[$0], contexts, training, timings[$0]) })
    }
    let gain = try sections.first.map { try predictedGain(on: $0.contexts) }
    return AmortizationReport(
      problem: problem, tolerances: tolerances, repetitions: repetitions, sections: measured,
      trainingSeconds: trainingSeconds, prediction: gain,
      breakEvens: measured.first.map { breakEvens($0, trainingSeconds) } ?? [])
  }

  /// What a better start can gain at the last tolerance; needs no model.
  public func predictedGain(on contexts: SolvedSet<Map>) throws -> PredictedGain {
    let limits = SolutionLimits(
      tolerance: tolerances[tolerances.count - 1], maximumIterations: maximumIterations)
    let start = try map.solve(
      contexts.context, from: nil, limits: SolutionLimits(maximumIterations: 0))
    let solved = try map.solve(contexts.context, from: nil, limits: limits)
    return PredictedGain(
      coldResiduals: map.residual(of: start.state, for: contexts.context).scalars,
      iterations: solved.iterations, tolerance: tolerances[tolerances.count - 1])
  }

  /// For each method and each tolerance the outcome, and the milliseconds of an item in every round.
  private typealias Timing = (outcome: Outcome, milliseconds: [Double])

  private func timings(
    on contexts: SolvedSet<Map>, _ training: SolvedSet<Map>
  ) throws -> [[Timing]] {
    let count = Double(max(contexts.count, 1))
    var result: [[Timing]] = methods.map { _ in [] }
    for tolerance in tolerances {
      let limits = SolutionLimits(tolerance: tolerance, maximumIterations: maximumIterations)
      for round in 0..<repetitions {
        for (place, method) in methods.enumerated() {
          let outcome = try outcome(of: method, contexts.context, training, limits)
          if round == 0 { result[place].append((outcome, [])) }
          result[place][result[place].count - 1].milliseconds.append(outcome.milliseconds / count)
        }
      }
    }
    return result
  }

  private func row(
    _ method: Method, _ contexts: SolvedSet<Map>, _ training: SolvedSet<Map>, _ timings: [Timing]
  ) throws -> AmortizationReport.Row {
    let count = Double(max(contexts.count, 1))
    let iterations = timings.map {
      AmortizationReport.Distribution($0.outcome.iterations.map(Double.init))
    }
    let solved = timings.map { Double($0.outcome.statuses.count { $0 == .optimal }) / count }
    let fallbacks = timings.map { Double($0.outcome.fallbacks) / count }
    let cold = try map.solve(
      contexts.context, from: nil, limits: SolutionLimits(maximumIterations: 0)
    ).state
    let start = method.start(contexts.context, training)
    return AmortizationReport.Row(
      name: method.name, suboptimality: start.map { suboptimality($0, cold, contexts) },
      violation: .init(
        map.violation(
          of: map.point(of: start ?? cold, for: contexts.context), for: contexts.context
        ).scalars),
      iterations: iterations, milliseconds: timings.map { .init($0.milliseconds) },
      solvedShare: solved,
      fallbackShare: fallbacks)
  }

  private func outcome(
    of method: Method, _ context: Map.Context, _ training: SolvedSet<Map>, _ limits: SolutionLimits
  ) throws -> Outcome {
    if let solve = method.solve { return try solve(context, training, limits) }
    let atHand = method.isAtHand ? method.start(context, training) : nil
    let begin = ContinuousClock.now
    let solved = try map.solve(
      context, from: atHand ?? method.start(context, training), limits: limits)
    return Outcome(
      iterations: solved.iterations.map { $0 + method.startIterations },
      statuses: solved.statuses,
      milliseconds: (ContinuousClock.now - begin) / .milliseconds(1))
  }

  private func suboptimality(
    _ start: Map.State, _ cold: Map.State, _ contexts: SolvedSet<Map>
  ) -> AmortizationReport.Distribution {
    func values(_ state: Map.State) -> [Double] {
      map.value(of: map.point(of: state, for: contexts.context), for: contexts.context).scalars
    }
    let (best, reference) = (values(contexts.state), values(cold))
    // One scale for all contexts, for the cold start of one may happen to be its solution.
    let differences = zip(best, reference).map { abs($0 - $1) }.filter(\.isFinite)
    let scale = differences.reduce(0, +) / Double(max(differences.count, 1))
    return .init(zip(values(start), best).map { ($0 - $1) / max(scale, 1e-300) })
  }

  private func breakEvens(
    _ section: AmortizationReport.Section, _ trainingSeconds: Double
  ) -> [AmortizationReport.BreakEven] {
    let learned = Set(methods.filter(\.isLearned).map(\.name))
    return tolerances.indices.flatMap { place -> [AmortizationReport.BreakEven] in
      let classical = section.rows.filter { !learned.contains($0.name) }
        .min { $0.milliseconds[place].median < $1.milliseconds[place].median }
      guard let classical else { return [] }
      return section.rows.filter { learned.contains($0.name) }.map { row in
        let pairs = zip(classical.milliseconds[place].rounds, row.milliseconds[place].rounds)
        return AmortizationReport.BreakEven(
          name: row.name, tolerance: tolerances[place], comparedWith: classical.name,
          millisecondsSaved: .init(pairs.map { $0 - $1 }), trainingSeconds: trainingSeconds)
      }
    }
  }
}

extension SolvedSet {
  /// The state of the solved context that is nearest to each of a batch, in the Euclidean distance of all entries.
  public func nearest(to context: Map.Context) -> Map.State {
    precondition(count > 0, "nearest: a solved set without contexts")
    // Relative to a context of the set: far from the origin the squares would cancel.
    let origin = self.context.flatItems.slice(axis: 0, 0..<1)
    let (mine, theirs) = (self.context.flatItems - origin, context.flatItems - origin)
    // |x - y|² = |x|² - 2 xᵀy + |y|², of which |x|² is the same for all y.
    let distances = square(mine).sum(axis: 1) - matmul(theirs, mine.transposed()) * 2
    return state.items(distances.argMin(axis: 1).values)
  }
}

extension Guard {
  /// What tables call it.
  public var name: String {
    switch self {
    case .none: "unguarded"
    case .certified: "trusted if certified"
    case .budget(let factor): "budget \(factor)"
    case .race: "race"
    }
  }
}
