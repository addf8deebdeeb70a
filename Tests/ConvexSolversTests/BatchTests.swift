import ConvexSolvers
import LinearAlgebra
import OptimizationCore
import Testing
import _TestSupport

/// Batches: shared and per-item data, the same bits however a problem is run, refused arguments.
@Suite struct BatchTests {
  private struct Data {
    var Q: [Matrix] = []
    var p: [Vector] = []
    var G: [Matrix] = []
    var h: [Vector] = []
    var A: [Matrix] = []
    var b: [Vector] = []

    init(items: Int, n: Int, m: Int, e: Int, shared: Bool) {
      var random = SeededGenerator(seed: 3)
      for item in 0..<items {
        if item == 0 || !shared {
          Q.append(random.quadraticTerm(n, rank: n))
          G.append(random.matrix(m, n))
          A.append(random.matrix(e, n))
        }
        let center = random.vector(n)
        p.append(random.vector(n))
        var bounds = (G.last! * center)
        for i in 0..<m { bounds[i] += random.uniform() }
        h.append(bounds)
        (b.append(A.last! * center))
      }
    }

    func batch(shared: Bool) throws -> QuadraticProgramBatch {
      func matrix(_ list: [Matrix]) -> BatchedMatrix {
        shared ? BatchedMatrix(shared: list[0]) : BatchedMatrix(list)
      }
      return try QuadraticProgramBatch(
        items: p.count, Q: matrix(Q), p: BatchedVector(p), G: matrix(G), h: BatchedVector(h),
        A: matrix(A), b: BatchedVector(b))
    }
  }

  @Test(arguments: [true, false], [QuadraticProgramSettings.Method.automatic, .interiorPoint])
  func sameBitsForAnyThreadsAndBatch(shared: Bool, method: QuadraticProgramSettings.Method) throws {
    let data = Data(items: 37, n: 11, m: 14, e: 3, shared: shared)
    let batch = try data.batch(shared: shared)
    var settings = QuadraticProgramSettings(method: method)
    var random = SeededGenerator(seed: 8)
    let upstream = BatchedVector((0..<37).map { _ in random.vector(11) })
    var gradients: [QuadraticProgramBatchGradient] = []
    var solutions: [QuadraticProgramBatchSolution] = []
    for threads in [1, 2, 5] {
      settings.threads = threads
      let solution = try batch.solve(settings: settings)
      solutions.append(solution)
      gradients.append(try solution.vjp(x: upstream, threads: threads))
    }
    for k in 1..<3 {
      #expect(solutions[k].x == solutions[0].x && solutions[k].lambda == solutions[0].lambda)
      #expect(gradients[k].Q == gradients[0].Q && gradients[k].G == gradients[0].G)
      #expect(gradients[k].A == gradients[0].A && gradients[k].p == gradients[0].p)
    }
    for item in [0, 5, 36] {
      let alone = try batch[item].solve(settings: settings)
      #expect(alone.x == solutions[0][item].x && alone.lambda == solutions[0][item].lambda)
      let gradient = try alone.vjp(x: upstream[item])
      #expect(gradient.p == gradients[0].p[item])
      if !shared {
        #expect(gradient.G == gradients[0].G[item] && gradient.Q == gradients[0].Q[item])
      }
    }
  }

  @Test func sharedGradientIsTheSum() throws {
    let data = Data(items: 9, n: 7, m: 8, e: 2, shared: true)
    let solution = try data.batch(shared: true).solve()
    var random = SeededGenerator(seed: 4)
    let upstream = BatchedVector((0..<9).map { _ in random.vector(7) })
    let gradient = try solution.vjp(x: upstream)
    var Q = Matrix(rows: 7, columns: 7)
    var G = Matrix(rows: 8, columns: 7)
    var A = Matrix(rows: 2, columns: 7)
    for item in 0..<9 {
      let single = try solution[item].vjp(x: upstream[item])
      Q = Q + 1 * single.Q
      G = G + 1 * single.G
      A = A + 1 * single.A
    }
    for (sum, shared) in [(Q, gradient.Q), (G, gradient.G), (A, gradient.A)] {
      for (a, b) in zip(sum.array, shared.array) { #expect(abs(a - b) <= 1e-12 * (1 + abs(a))) }
    }
    #expect(gradient.p.items == 9)
    for i in 0..<7 { for j in 0..<7 { #expect(gradient.Q[0][i, j] == gradient.Q[0][j, i]) } }
  }

  @Test func badDataIsRefusedByName() throws {
    #expect(
      throws: ProblemError.shape(argument: "Q", item: nil, expected: [2, 2], actual: [1, 1])
    ) {
      try QuadraticProgram(Q: [[1]], p: [1, 2])
    }
    #expect(
      throws: ProblemError.shape(argument: "G", item: nil, expected: [1, 2], actual: [1, 1])
    ) {
      try QuadraticProgram(p: [1, 2], G: [[1]], h: [1])
    }
    #expect(throws: ProblemError.shape(argument: "p", item: nil, expected: [1], actual: [0])) {
      try QuadraticProgram(p: [])
    }
    #expect(throws: ProblemError.self) { try QuadraticProgram(Q: [[.nan]], p: [1]) }
    #expect(throws: ProblemError.self) { try QuadraticProgram(p: [1], G: [[.infinity]], h: [1]) }
    #expect(throws: ProblemError.self) { try QuadraticProgram(p: [1], G: [[1]], h: [-.infinity]) }
    #expect(throws: ProblemError.self) { try QuadraticProgram(p: [1], A: [[1]], b: [.infinity]) }
    #expect(
      throws: ProblemError.notSymmetric(
        argument: "Q", item: nil, row: 1, column: 0, difference: -1)
    ) { try QuadraticProgram(Q: [[1, 1], [0, 1]], p: [1, 2]) }
    #expect(throws: ProblemError.missing(argument: "h", beside: "G")) {
      try QuadraticProgram(p: [1], G: [[1]])
    }
    #expect(throws: ProblemError.missing(argument: "b", beside: "A")) {
      try QuadraticProgram(p: [1], A: [[1]])
    }
    #expect(throws: ProblemError.batchSize(argument: "h", expected: 2, actual: 3)) {
      try QuadraticProgramBatch(
        p: BatchedVector([[1], [2]]), G: BatchedMatrix(shared: [[1]]),
        h: BatchedVector([[1], [2], [3]]))
    }
    do {
      _ = try QuadraticProgramBatch(
        Q: BatchedMatrix([[[1]], [[.nan]]]), p: BatchedVector(shared: [1]))
      Issue.record("accepted")
    } catch {
      #expect(error.item == 1 && error.argument == "Q")
    }
  }

  @Test func indefiniteTermIsRefusedByName() throws {
    for method in QuadraticProgramSettings.Method.allCases {
      let settings = QuadraticProgramSettings(method: method)
      let single = try QuadraticProgram(Q: [[1, 0], [0, -1e-5]], p: [1, 2])
      #expect(throws: ProblemError.self) { try single.solve(settings: settings) }
      let batch = try QuadraticProgramBatch(
        Q: BatchedMatrix([[[1]], [[-1]]]), p: BatchedVector(shared: [1]))
      do {
        _ = try batch.solve(settings: settings)
        Issue.record("accepted")
      } catch let error as ProblemError {
        #expect(error.item == 1 && error.argument == "Q")
      }
    }
    // Negative by rounding only.
    let rounding = try QuadraticProgram(
      Q: [[1, 1], [1, 1 - 1e-14]], p: [-1, -1], G: [[1, 0], [0, 1]], h: [3, 3])
    #expect(try rounding.solve().status == .optimal)
  }

  @Test func badSettingsAndUpstreamAreRefused() throws {
    let solution = try QuadraticProgram(Q: [[1]], p: [1]).solve()
    #expect(throws: ProblemError.self) { try solution.vjp(x: [1, 2]) }
    #expect(throws: ProblemError.self) { try solution.vjp(x: [.nan]) }
    #expect(throws: ProblemError.self) { try solution.jvp(Q: [[1, 0], [0, 1]]) }
    let plane = try QuadraticProgram(Q: Matrix.identity(2), p: [1, 1]).solve()
    #expect(throws: ProblemError.self) { try plane.jvp(Q: [[0, 1], [0, 0]]) }
    var settings = QuadraticProgramSettings()
    settings.relativeTolerance = 0
    #expect(throws: SettingsError.self) {
      try QuadraticProgram(p: [1]).solve(settings: settings)
    }
    #expect(throws: ProblemError.self) {
      try QuadraticProgram(Q: [[1]], p: [1]).solve(
        warmStart: QuadraticProgramWarmStart(lambda: BatchedVector(shared: [1, 2])))
    }
    let huge = 20_000
    #expect(throws: ProblemError.self) {
      try QuadraticProgram(p: Vector.zeros(huge)).solve()
    }
  }
}
