import Autodiff
import OptimizationCore

/// A solution map that is computed by repeating a step, which is differentiable and can be learned: proximal
/// gradients, operator splitting, Sinkhorn's iteration, fixed points.
///
/// A conforming type gives the cold start, the step and the residual; solving follows.
public protocol IterativeMap: SolutionMap {
  /// Where the iteration begins if nothing is known.
  func coldStart(for context: Context) -> State

  /// The next state.
  func step(_ state: State, for context: Context) -> State

  /// The next state and the residual of this one, for iterations that compute both at once; by default one after
  /// the other.
  func stepWithResidual(_ state: State, for context: Context) -> (next: State, residual: Tensor)

  /// Throws what is wrong with a context that is no problem; by default nothing is.
  func validate(_ context: Context) throws

  /// The iterations allowed to each item if no limit is asked for.
  var defaultMaximumIterations: Int { get }

  /// The residual is looked at after every so-many steps.
  var checkInterval: Int { get }
}

extension IterativeMap {
  public var defaultTolerance: Double { 1e-8 }
  public var defaultMaximumIterations: Int { 10_000 }
  public var checkInterval: Int { 1 }
  public func validate(_ context: Context) throws {}

  public func stepWithResidual(_ state: State, for context: Context)
    -> (next: State, residual: Tensor)
  {
    (step(state, for: context), residual(of: state, for: context))
  }

  /// Steps until the residual of every item is within the tolerance; items that are done take no part in
  /// further steps.
  public func solve(
    _ context: Context, from start: State?, limits: SolutionLimits
  ) throws -> SolvedBatch<State> {
    try limits.validate()
    let context = context.stoppingGradient()
    try context.requireBatch()
    try validate(context)
    var run = IterationRun(self, context, from: start)
    let tolerance = limits.tolerance ?? defaultTolerance
    let most = limits.maximumIterations ?? defaultMaximumIterations
    while true {
      run.finish { _, residual in residual <= tolerance ? .optimal : nil }
      if run.active.isEmpty { break }
      if let progress = limits.progress,
        !progress(SolveProgress(run.items - run.active.count, of: run.items))
      {
        run.finish { _, _ in .cancelled }
        break
      }
      if run.steps >= most {
        run.finish { _, residual in residual.isFinite ? .iterationLimit : .numericalError }
        break
      }
      run.advance(by: min(checkInterval, most - run.steps))
    }
    return run.solved
  }

  /// Some steps of a batch.
  public func steps(_ count: Int, from state: State, for context: Context) -> State {
    (0..<count).reduce(state) { state, _ in step(state, for: context) }
  }

  /// A start with the cold one in place of items with a number that is not finite.
  package func sound(_ start: State?, for context: Context) -> State {
    let cold = coldStart(for: context)
    guard let start else { return cold }
    let given = start.stoppingGradient().zipLeaves(cold) { $0.asType($1.dtype) }
    let broken = given.itemsNotFinite
    return given.replacingItems(broken, with: cold.items(broken))
  }
}

/// A batch that is being iterated: the items that still take part, and what became of the others.
package struct IterationRun<Map: IterativeMap> {
  private let map: Map
  private let context: Map.Context
  /// How many there are.
  package let items: Int
  /// The places of the items that still take part.
  package private(set) var active: [Int]
  /// Steps that those have made.
  package private(set) var steps = 0
  private var state: Map.State
  private var activeContext: Map.Context
  /// What follows from the state, once it was asked for.
  private var ahead: (next: Map.State, residual: Tensor)?
  package private(set) var solved: SolvedBatch<Map.State>

  package init(_ map: Map, _ context: Map.Context, from start: Map.State?) {
    self.map = map
    self.context = context
    items = context.batchCount
    active = Array(0..<items)
    state = map.sound(start, for: context)
    activeContext = context
    solved = SolvedBatch(
      state: state, statuses: Array(repeating: .cancelled, count: items),
      residuals: Array(repeating: .nan, count: items),
      iterations: Array(repeating: 0, count: items))
  }

  /// Some steps of the items that take part.
  package mutating func advance(by count: Int) {
    guard count > 0 else { return }
    let next = ahead?.next ?? map.step(state, for: activeContext)
    state = map.steps(count - 1, from: next, for: activeContext)
    ahead = nil
    steps += count
  }

  /// Looks at the residuals, and takes out the items for which the body gives a status.
  package mutating func finish(_ status: (_ item: Int, _ residual: Double) -> SolveStatus?) {
    guard !active.isEmpty else { return }
    let ahead = ahead ?? map.stepWithResidual(state, for: activeContext)
    self.ahead = ahead
    let residuals = ahead.residual.scalars
    var (done, remaining): ([Int], [Int]) = ([], [])
    for (place, item) in active.enumerated() {
      guard let status = status(item, residuals[place]) else {
        remaining.append(place)
        continue
      }
      solved.statuses[item] = status
      solved.residuals[item] = residuals[place]
      solved.iterations[item] = steps
      done.append(place)
    }
    guard !done.isEmpty else { return }
    solved.state = solved.state.replacingItems(done.map { active[$0] }, with: state.items(done))
    active = remaining.map { active[$0] }
    state = state.items(remaining)
    activeContext = activeContext.items(remaining)
    self.ahead = (ahead.next.items(remaining), ahead.residual.items(remaining))
  }
}

extension TensorStructure {
  /// The items of a batch that have a number that is not finite.
  package var itemsNotFinite: [Int] {
    var broken = Set<Int>()
    for leaf in leaves where !leaf.isFinite {
      let size = leaf.count / Swift.max(leaf.shape[0], 1)
      for (place, number) in leaf.scalars.enumerated() where !number.isFinite {
        broken.insert(place / size)
      }
    }
    return broken.sorted()
  }
}
