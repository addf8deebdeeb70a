import Argmin
import Foundation

/// Learned states for solvers of quadratic programs (Sambharya, Hall, Amos and Stellato 2023): portfolios of real
/// stocks day after day, and the programs of a predictive controller, each solved by alternating directions and by
/// the active-set method. Networks are trained on solutions, or on the residual after some steps of the solver.
public struct WarmStartedPrograms: Experiment {
  public let name = "warm-start-qp"
  public let summary =
    "learned starts for solvers: portfolios of real stocks and a predictive controller"
  var epochs = 150
  var trainingCount = 2000
  var testCount = 500

  public init() {}

  /// A shorter form, for tests.
  package init(epochs: Int, trainingCount: Int, testCount: Int) {
    self.epochs = epochs
    self.trainingCount = trainingCount
    self.testCount = testCount
  }

  /// A family of programs `½ xᵀQx + qᵀx`, `lower ≤ Ax ≤ upper`, which differ in q.
  private struct Family {
    let name: String
    let Q: Tensor
    let A: Tensor
    let lower: [Double]
    let upper: [Double]
    /// q for training, at random.
    let contexts: Contexts<[Tensor]>
    /// q that follow each other, and q from elsewhere.
    let test: [(name: String, context: [Tensor])]
    let followsEachOther: Bool
  }

  public func run(
    output: URL, seed: UInt64, progress: ExperimentProgress
  ) throws -> ExperimentResults {
    var folder = try OutputFolder(output)
    let keys = RandomKey(seed: seed).split(into: 2)
    var answer = ExperimentResults()
    let families = [try portfolios(), controller(keys[0])]
    for (index, family) in families.enumerated() {
      let part = 0.5 * Double(index)
      progress(part, family.name)
      let splitting = try splittingReport(family, keys[1])
      progress(part + 0.3, family.name)
      let activeSet = try activeSetReport(family, keys[1])
      for (method, report) in [("alternating-directions", splitting), ("active-set", activeSet)] {
        answer.lines += report.lines + [""]
        try folder.write(
          [UInt8](try report.json()), to: "report-\(index + 1)-\(method).json")
      }
    }
    answer.lines.removeLast()
    answer.files = folder.files
    progress(1, "")
    return answer
  }

  // MARK: - Families

  /// Risk and return of 20 stocks: `½ wᵀΣw - μᵀw / 2`, `Σ w = 1`, `0 ≤ w ≤ 0.25`, with the returns μ that the last
  /// weeks suggest; two years are held out, and the year of the crash of 2020 is not like those of the training.
  private func portfolios() throws -> Family {
    let prices = try StockPrices()
    let (n, days) = (prices.stocks, prices.returns.shape[0])
    let trainingDays = days * 3 / 4
    // In units of percent, so that the numbers are about 1.
    let means = prices.movingMeans(decay: 0.95) * 100
    let risk = prices.covariance(0..<trainingDays) * 1e4
    let q = means * -2
    let crash = days - 3 * 252 + 20
    return Family(
      name: "portfolios of \(n) stocks", Q: risk,
      A: concatenate([Tensor.ones([1, n]), Tensor.identity(n)]),
      lower: [1] + Array(repeating: 0, count: n), upper: [1] + Array(repeating: 0.25, count: n),
      contexts: Contexts(rows: [q.slice(axis: 0, 60..<trainingDays)], named: "days at random"),
      test: [
        ("days held out", [q.slice(axis: 0, days - testCount..<days)]),
        ("spring of 2020", [q.slice(axis: 0, crash..<crash + min(80, testCount))]),
        ("returns three times as large", [q.slice(axis: 0, days - testCount..<days) * 3]),
      ], followsEachOther: true)
  }

  /// Three masses between springs, pushed by two forces up to 1: the forces of the next 20 steps, from the state.
  private func controller(_ key: RandomKey) -> Family {
    let (masses, inputs, horizon) = (3, 2, 20)
    let dynamics = SpringChain(masses: masses, inputs: inputs)
    let (Q, F) = dynamics.condensed(horizon: horizon)
    let contexts = Contexts<[Tensor]>("states at random") { count, key in
      [matmul(key.normal([count, 2 * masses]) * 2, F)]
    }
    // Along a controlled way the next state follows from the first force; here from a decay towards zero.
    let n = inputs * horizon
    return Family(
      name: "predictive control of \(masses) masses, \(horizon) steps", Q: Q,
      A: Tensor.identity(n), lower: Array(repeating: -1, count: n),
      upper: Array(repeating: 1, count: n), contexts: contexts,
      test: [
        ("states held out", contexts.sample(testCount, key: key)),
        ("states three times as far", contexts.sample(testCount, key: key).map { $0 * 3 }),
      ], followsEachOther: false)
  }

  // MARK: - Studies

  private func splittingReport(_ family: Family, _ key: RandomKey) throws -> AmortizationReport {
    let n = family.Q.shape[0]
    var settings = AlternatingDirectionsSettings()
    settings.penalty = 1
    let map = AlternatingDirectionsFamily(
      try AlternatingDirections(
        SparseQuadraticProgram(
          P: SparseMatrix(Matrix(family.Q)), q: .zeros(n), A: SparseMatrix(Matrix(family.A)),
          lower: Vector(family.lower), upper: Vector(family.upper)), settings: settings),
      varying: [.q])
    return try report(
      map, family, "\(family.name), alternating directions", tolerances: [1e-2, 1e-3, 1e-4],
      key
    ) { solved, keys in
      var byLabels = try StatePredictor(for: map, from: solved, key: keys[0])
      try trainer(solved).train(
        &byLabels, of: map, over: solved.batches(of: 64, key: keys[1]), loss: .regression
      ).requireFinished()
      var bySteps = SolverRefined(byLabels, steps: 5)
      try trainer(solved, share: 0.4, rate: 3e-4).train(
        &bySteps, of: map, over: solved.batches(of: 64, key: keys[1]), loss: .logResidual
      ).requireFinished()
      return { study in
        study.add(byLabels, named: "network, solutions", guards: [.none, .race])
        study.add(bySteps.base, named: "network, residual after 5 steps", guards: [.none, .race])
      }
    }
  }

  private func activeSetReport(_ family: Family, _ key: RandomKey) throws -> AmortizationReport {
    let map = try activeSetFamily(family)
    return try report(
      map, family, "\(family.name), active set", tolerances: [1e-9], key
    ) { solved, keys in
      var model = try StatePredictor(for: map, from: solved, key: keys[0])
      try trainer(solved).train(
        &model, of: map, over: solved.batches(of: 64, key: keys[1]), loss: .regression
      ).requireFinished()
      return { study in study.add(model, named: "network, solutions", guards: [.none, .budget()]) }
    }
  }

  private func activeSetFamily(_ family: Family) throws -> QuadraticProgramFamily {
    let A = Matrix(family.A)
    let rows = 0..<A.rows
    let equal = rows.filter { family.lower[$0] == family.upper[$0] }
    let free = rows.filter { family.lower[$0] < family.upper[$0] }
    func part(_ rows: [Int]) -> Tensor { family.A.items(rows) }
    return try QuadraticProgramFamily(
      QuadraticProgram(
        Q: Matrix(family.Q), p: .zeros(A.columns),
        G: Matrix(concatenate([part(free), -part(free)])),
        h: Vector(free.map { family.upper[$0] } + free.map { -family.lower[$0] }),
        A: equal.isEmpty ? nil : Matrix(part(equal)),
        b: equal.isEmpty ? nil : Vector(equal.map { family.lower[$0] })), varying: [.p])
  }

  private func trainer<Map: SolutionMap>(
    _ solved: SolvedSet<Map>, share: Double = 1, rate: Double = 1e-3
  ) -> Trainer<Adam> {
    let steps = Int(share * Double(epochs * (solved.count + 63) / 64))
    return Trainer(
      Adam(learningRate: rate), for: .steps(steps), schedule: .cosine(peak: rate, total: steps),
      clipping: .globalNorm(10))
  }

  private func report<Map: SolutionMap>(
    _ map: Map, _ family: Family, _ title: String, tolerances: [Double], _ key: RandomKey,
    training: (SolvedSet<Map>, [RandomKey]) throws -> (inout AmortizationStudy<Map>) -> Void
  ) throws -> AmortizationReport where Map.Context == [Tensor] {
    let keys = key.split(into: 4)
    let accurate = SolutionLimits(tolerance: min(1e-7, tolerances.last!))
    let start = ContinuousClock.now
    let solved = try SolvedSet(
      of: map, over: family.contexts, count: trainingCount, key: keys[0], limits: accurate)
    let addModels = try training(solved, Array(keys[1...]))
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    var study = AmortizationStudy(of: map, named: title, tolerances: tolerances)
    if family.followsEachOther { study.addPreviousSolution() }
    addModels(&study)
    return try study.report(
      on: try family.test.map {
        ($0.name, try SolvedSet(of: map, at: $0.context, limits: accurate))
      }, training: solved, trainingSeconds: seconds)
  }
}

/// Masses in a row between springs, the first and the last tied to walls; forces act on the first masses.
struct SpringChain {
  /// The next state from state and forces: `s⁺ = A s + B u`, positions first.
  let A: Tensor
  let B: Tensor

  /// - Parameter step: of the time, over which forces are constant (a symplectic Euler step of four parts).
  init(masses: Int, inputs: Int, step: Double = 0.3) {
    let n = 2 * masses
    var continuous = Matrix(rows: n, columns: n)
    for i in 0..<masses {
      continuous[i, masses + i] = 1
      continuous[masses + i, i] = -2
      if i > 0 { continuous[masses + i, i - 1] = 1 }
      if i < masses - 1 { continuous[masses + i, i + 1] = 1 }
      continuous[masses + i, masses + i] = -0.1
    }
    var forces = Matrix(rows: n, columns: inputs)
    for i in 0..<inputs { forces[masses + i, i] = 1 }
    // The exponential of the step by its series, halved four times.
    let parts = 16
    let small = Tensor(continuous) * (step / Double(parts))
    var A = Tensor.identity(n)
    var B = Tensor.zeros([n, inputs])
    let half = small + matmul(small, small) * 0.5 + matmul(small, matmul(small, small)) / 6
    let once = Tensor.identity(n) + half
    let push =
      matmul(Tensor.identity(n) + small * 0.5 + matmul(small, small) / 6, Tensor(forces))
      * (step / Double(parts))
    for _ in 0..<parts {
      A = matmul(once, A)
      B = matmul(once, B) + push
    }
    self.A = A
    self.B = B
  }

  /// `Σ |s_t|² + 0.1 |u_t|²` over a horizon as `½ uᵀQu + (s F)u` and a constant, for rows s.
  func condensed(horizon: Int) -> (Q: Tensor, F: Tensor) {
    let (n, m) = (A.shape[0], B.shape[1])
    var powers = [Tensor.identity(n)]
    for _ in 0..<horizon { powers.append(matmul(A, powers[powers.count - 1])) }
    let free = concatenate(powers[1...].map { $0 })
    let zero = Tensor.zeros([n, m])
    let forced = concatenate(
      (1...horizon).map { row in
        concatenate(
          (0..<horizon).map { $0 < row ? matmul(powers[row - 1 - $0], B) : zero }, axis: 1)
      })
    return (
      (matmul(forced.transposed(), forced) + Tensor.identity(m * horizon) * 0.1) * 2,
      matmul(free.transposed(), forced) * 2
    )
  }
}
