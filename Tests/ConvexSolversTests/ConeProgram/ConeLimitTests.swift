import ConvexSolvers
import LinearAlgebra
import OptimizationCore
import Testing
import _TestSupport

/// Limits, cancellation, warm starts, and data that cannot be a program.
@Suite struct ConeLimitTests {
  private static let data = RandomConeProgram(.mixed, seed: 12)

  @Test(arguments: [0, 1]) func iterationLimit(limit: Int) throws {
    var settings = ConeProgramSettings()
    settings.maximumIterations = limit
    let solution = try Self.data.program.solve(settings: settings)
    #expect(solution.status == .iterationLimit && solution.iterations == limit)
    #expect(solution.x.isFinite && solution.y.isFinite && solution.residuals.largest > 1e-9)
    let ones = Vector(repeating: 1, count: solution.x.count)
    #expect(try solution.vjp(x: ones).certificate.kind == .undefined)
  }

  @Test func timeLimit() throws {
    var settings = ConeProgramSettings()
    settings.timeLimit = .zero
    let batch = try ConeProgramBatch(
      items: 3, c: BatchedVector(shared: Self.data.c), A: BatchedSparseMatrix(shared: Self.data.A),
      b: BatchedVector(shared: Self.data.b), cones: Self.data.cones)
    let solution = try batch.solve(settings: settings)
    #expect(solution.status == [.timeLimit, .timeLimit, .timeLimit])
  }

  @Test func cancelFromTheIterationLog() throws {
    var settings = ConeProgramSettings()
    settings.iterationLog = { $0.iteration < 3 }
    let solution = try Self.data.program.solve(settings: settings)
    #expect(solution.status == .cancelled && solution.iterations == 3)
  }

  @Test func cancelFromTheProgress() throws {
    var settings = ConeProgramSettings()
    settings.progress = { $0.finished < 2 }
    settings.threads = 1
    let batch = try ConeProgramBatch(
      items: 4, c: BatchedVector(shared: [-1]), A: BatchedSparseMatrix(shared: [[1]].sparse),
      b: BatchedVector(shared: [2]), cones: ConeProduct(nonnegative: 1))
    let solution = try batch.solve(settings: settings)
    #expect(solution.status == [.optimal, .optimal, .cancelled, .cancelled])
    #expect(solution.x[3][0].isNaN)
  }

  @Test func iterationLogFollowsTheSolve() throws {
    final class Log: @unchecked Sendable { var lines: [ConeProgramIteration] = [] }
    let log = Log()
    var settings = ConeProgramSettings()
    settings.iterationLog = {
      log.lines.append($0)
      return true
    }
    let solution = try Self.data.program.solve(settings: settings)
    #expect(log.lines.map(\.iteration) == Array(0...solution.iterations))
    let last = try #require(log.lines.last)
    #expect(isClose(last.primalObjective, solution.objective, relativeTolerance: 1e-6).holds)
    #expect(isClose(last.dualObjective, solution.objective, relativeTolerance: 1e-6).holds)
    #expect(last.barrier < 1e-6 && log.lines[0].barrier > 1e-3)
  }

  @Test(arguments: ConeKind.allCases) func warmStart(kind: ConeKind) throws {
    var warmIterations = 0
    var coldIterations = 0
    for seed in 0..<10 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      let data = RandomConeProgram(kind, seed: seed)
      let cold = try data.program.solve()
      let near = try data.moved(by: 1e-4, along: data.perturbation(&random))
      let coldNear = try near.solve()
      guard cold.status == .optimal, coldNear.status == .optimal else { continue }
      let warm = try near.solve(warmStart: ConeProgramWarmStart(cold))
      // A guess that has nothing to do with the program does no harm either.
      let far = ConeProgramWarmStart(
        x: BatchedVector(shared: 100 * random.vector(cold.x.count)),
        y: BatchedVector(shared: 100 * random.vector(cold.y.count)),
        s: BatchedVector(shared: 100 * random.vector(cold.y.count)))
      let other = try near.solve(warmStart: far)
      #expect(warm.status == .optimal && other.status == .optimal, "\(kind) \(seed)")
      #expect(
        isClose(
          warm.objective, coldNear.objective, relativeTolerance: 1e-7, absoluteTolerance: 1e-7
        )
        .holds, "\(kind) \(seed)")
      // A guess that leads nowhere costs at most as much again as a cold start.
      #expect(warm.iterations <= 2 * coldNear.iterations + 3, "\(kind) \(seed)")
      warmIterations += warm.iterations
      coldIterations += coldNear.iterations
    }
    #expect(warmIterations <= coldIterations + 10, "\(kind)")
  }

  @Test func warmStartsThatDoNotFit() throws {
    let program = try ConeProgram(
      c: [1], A: [[-1], [1]].sparse, b: [0, 1], cones: ConeProduct(nonnegative: 2))
    let good = BatchedVector(shared: [0, 0])
    let cases: [(ConeProgramWarmStart, ProblemError)] = [
      (
        ConeProgramWarmStart(x: good, y: good, s: good),
        .shape(argument: "warmStart.x", item: nil, expected: [1], actual: [2])
      ),
      (
        ConeProgramWarmStart(x: BatchedVector(shared: [0]), y: BatchedVector(shared: []), s: good),
        .shape(argument: "warmStart.y", item: nil, expected: [2], actual: [0])
      ),
      (
        ConeProgramWarmStart(
          x: BatchedVector(shared: [0]), y: good,
          s: BatchedVector(items: 2, count: 2, elements: [0, 0, 0, 0])),
        .batchSize(argument: "warmStart.s", expected: 1, actual: 2)
      ),
      (
        ConeProgramWarmStart(
          x: BatchedVector(shared: [0]), y: BatchedVector(shared: [0, -.infinity]), s: good),
        .notFinite(argument: "warmStart.y", item: nil, index: [1], value: -.infinity)
      ),
    ]
    for (warmStart, error) in cases {
      #expect(throws: error) { try program.solve(warmStart: warmStart) }
    }
  }

  @Test func settingsThatMeanNothing() throws {
    let program = try ConeProgram(
      c: [1], A: [[-1]].sparse, b: [0], cones: ConeProduct(nonnegative: 1))
    let changes: [(String, (inout ConeProgramSettings) -> Void)] = [
      ("relativeTolerance", { $0.relativeTolerance = 0 }),
      ("relativeTolerance", { $0.relativeTolerance = .nan }),
      ("maximumIterations", { $0.maximumIterations = -1 }),
      ("timeLimit", { $0.timeLimit = .seconds(-1) }), ("threads", { $0.threads = 0 }),
    ]
    for (name, change) in changes {
      var settings = ConeProgramSettings()
      change(&settings)
      let error = #expect(throws: SettingsError.self) { try program.solve(settings: settings) }
      #expect(error?.setting == name)
    }
  }

  struct Mistake: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var P: SparseMatrix?
    var c: Vector = [1, 1]
    var A = [[1.0, 0], [0, 1]].sparse
    var b: Vector = [1, 1]
    var cones = ConeProduct(nonnegative: 2)
    let error: ProblemError
  }

  static let mistakes = [
    Mistake(
      testDescription: "P of another order", P: [[1.0]].sparse,
      error: .shape(argument: "P", item: nil, expected: [2, 2], actual: [1, 1])),
    Mistake(
      testDescription: "A with too many columns", A: [[1, 0, 0], [0, 1, 1]].sparse,
      error: .shape(argument: "A", item: nil, expected: [2, 2], actual: [2, 3])),
    Mistake(
      testDescription: "A with too few rows", A: [[1, 0]].sparse,
      error: .shape(argument: "A", item: nil, expected: [2, 2], actual: [1, 2])),
    Mistake(
      testDescription: "b that is too short", b: [1],
      error: .shape(argument: "b", item: nil, expected: [2], actual: [1])),
    Mistake(
      testDescription: "cones with too many rows", cones: ConeProduct(secondOrder: [3]),
      error: .shape(argument: "b", item: nil, expected: [3], actual: [2])),
    Mistake(
      testDescription: "infinity in A", A: [[1, 0], [0, .infinity]].sparse,
      error: .notFinite(argument: "A", item: nil, index: [1, 1], value: .infinity)),
    Mistake(
      testDescription: "infinity in P", P: [[1, 0], [0, -.infinity]].sparse,
      error: .notFinite(argument: "P", item: nil, index: [1, 1], value: -.infinity)),
    Mistake(
      testDescription: "infinity in c", c: [1, .infinity],
      error: .notFinite(argument: "c", item: nil, index: [1], value: .infinity)),
    Mistake(
      testDescription: "bound of minus infinity", b: [1, -.infinity],
      error: .notFinite(argument: "b", item: nil, index: [1], value: -.infinity)),
    Mistake(
      testDescription: "infinity in an equality", b: [.infinity, 1],
      cones: ConeProduct(zero: 1, nonnegative: 1),
      error: .notFinite(argument: "b", item: nil, index: [0], value: .infinity)),
    Mistake(
      testDescription: "infinity in a second-order cone", b: [.infinity, 1],
      cones: ConeProduct(secondOrder: [2]),
      error: .notFinite(argument: "b", item: nil, index: [0], value: .infinity)),
    Mistake(
      testDescription: "upper triangle only", P: [[1, 0.5], [0, 1]].sparse,
      error: .notSymmetric(argument: "P", item: nil, row: 0, column: 1, difference: 0.5)),
    Mistake(
      testDescription: "asymmetric P", P: [[1, 0.5], [0.25, 1]].sparse,
      error: .notSymmetric(argument: "P", item: nil, row: 1, column: 0, difference: 0.25)),
    Mistake(
      testDescription: "negative size", cones: ConeProduct(nonnegative: -2),
      error: .cone(reason: "has a negative size, -2")),
    Mistake(
      testDescription: "negative dimension", cones: ConeProduct(secondOrder: [2, -1]),
      error: .cone(reason: "has a negative size, -1")),
  ]

  @Test(arguments: mistakes) func dataThatCannotBeAProgram(mistake: Mistake) throws {
    #expect(throws: mistake.error) {
      try ConeProgram(
        P: mistake.P, c: mistake.c, A: mistake.A, b: mistake.b, cones: mistake.cones)
    }
  }

  @Test(arguments: [0, 1, -1, 1.5, -2, Double.infinity, .nan])
  func exponentsOutOfRange(exponent: Double) throws {
    let error = #expect(throws: ProblemError.self) {
      try ConeProgram(
        c: [1], A: SparseMatrix.zeros(rows: 3, columns: 1), b: [1, 1, 0],
        cones: ConeProduct(power: [exponent]))
    }
    guard case .cone(let reason) = error else {
      Issue.record("another error: \(String(describing: error))")
      return
    }
    #expect(reason.hasPrefix("power[0] is "))
  }

  @Test func notANumber() throws {
    let nan = Double.nan
    let program = try ConeProgram(
      P: [[1.0]].sparse, c: [1], A: [[1.0]].sparse, b: [1], cones: ConeProduct(nonnegative: 1))
    for (name, attempt) in [
      ("P", { _ = try program.updating(P: [nan]) }), ("c", { _ = try program.updating(c: [nan]) }),
      ("A", { _ = try program.updating(A: [nan]) }), ("b", { _ = try program.updating(b: [nan]) }),
    ] as [(String, () throws -> Void)] {
      let error = #expect(throws: ProblemError.self) { try attempt() }
      guard case .notFinite(name, _, _, let value) = error else {
        Issue.record("\(name): \(String(describing: error))")
        continue
      }
      #expect(value.isNaN)
    }
    for attempt in [
      { _ = try program.updating(P: [1, 2]) }, { _ = try program.updating(c: [1, 2]) },
      { _ = try program.updating(A: []) }, { _ = try program.updating(b: []) },
    ] as [() throws -> Void] {
      #expect(throws: ProblemError.self) { try attempt() }
    }
  }

  @Test func batchesOfDifferentSizes() throws {
    #expect(throws: ProblemError.batchSize(argument: "b", expected: 2, actual: 3)) {
      try ConeProgramBatch(
        c: BatchedVector(items: 2, count: 1, elements: [1, 1]),
        A: BatchedSparseMatrix(shared: [[1.0]].sparse),
        b: BatchedVector(items: 3, count: 1, elements: [1, 1, 1]),
        cones: ConeProduct(nonnegative: 1))
    }
    #expect(throws: ProblemError.notFinite(argument: "c", item: 1, index: [0], value: .infinity)) {
      try ConeProgramBatch(
        c: BatchedVector(items: 2, count: 1, elements: [1, .infinity]),
        A: BatchedSparseMatrix(shared: [[1.0]].sparse), b: BatchedVector(shared: [1]),
        cones: ConeProduct(nonnegative: 1))
    }
  }
}
