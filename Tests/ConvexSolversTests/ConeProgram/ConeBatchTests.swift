import ConvexSolvers
import LinearAlgebra
import OptimizationCore
import Testing
import _TestSupport

/// Batches and programs with new numbers: the same bits as single, fresh programs.
@Suite struct ConeBatchTests {
  /// Programs of one pattern, of which item 2 is infeasible if asked for.
  private func batch(_ kind: ConeKind, items: Int, hasFailures: Bool) throws -> ConeProgramBatch {
    var random = SeededGenerator(seed: 5)
    let cones = kind.cones(&random)
    let pairs = cones.cones.map { ComplementaryPair($0, &random) }
    // Independent rows, so that the perturbed items are feasible.
    let first = RandomConeProgram(
      cones: cones, s: Vector(pairs.flatMap(\.s)), y: Vector(pairs.flatMap(\.y)),
      variables: cones.rows + 1, quadraticRank: cones.rows + 1, &random)
    let programs = (0..<items).map { _ in
      var data = first
      let change = data.perturbation(&random)
      data.c.add(change.c, scaledBy: 0.1)
      data.b.add(change.b, scaledBy: 0.1)
      data.A.values.add(change.A, scaledBy: 0.05)
      return data
    }
    var A = programs.map(\.A.values)
    var b = programs.map(\.b)
    if hasFailures {
      // A last row of zeros asks for s = -1.
      let row = first.cones.zero + first.cones.free
      for (place, entry) in first.A.entries.enumerated() where entry.row == row { A[2][place] = 0 }
      b[2][row] = -1
    }
    return try ConeProgramBatch(
      items: items, P: first.P.map(BatchedSparseMatrix.init(shared:)),
      c: BatchedVector(programs.map(\.c)),
      A: BatchedSparseMatrix(pattern: first.A.pattern, values: BatchedVector(A)),
      b: BatchedVector(b), cones: first.cones)
  }

  private func expectSame(_ a: ConeProgramSolution, _ b: ConeProgramSolution) {
    #expect(a.status == b.status && a.iterations == b.iterations && a.ray == b.ray)
    #expect(sameBits(a.x, b.x) && sameBits(a.y, b.y) && sameBits(a.s, b.s))
    #expect(sameBits([a.objective], [b.objective]))
  }

  private func sameBits(_ a: Vector, _ b: Vector) -> Bool {
    a.map(\.bitPattern) == b.map(\.bitPattern)
  }

  @Test(arguments: ConeKind.allCases) func batchIsSingle(kind: ConeKind) throws {
    let batch = try batch(kind, items: 7, hasFailures: kind == .nonnegative || kind == .mixed)
    var settings = ConeProgramSettings()
    settings.threads = 1
    let one = try batch.solve(settings: settings)
    settings.threads = 2
    let two = try batch.solve(settings: settings)
    var random = SeededGenerator(seed: 8)
    let upstream = BatchedVector((0..<7).map { _ in random.vector(batch.variables) })
    let slack = BatchedVector((0..<7).map { _ in random.vector(batch.rows) })
    let gradient = try one.vjp(x: upstream, y: slack, s: slack, threads: 1)
    let other = try two.vjp(x: upstream, y: slack, s: slack, threads: 2)
    #expect(gradient.certificates.map(\.kind) == other.certificates.map(\.kind))
    let change = ConeProgramPerturbation(c: upstream, b: slack)
    let tangent = try one.jvp(change, threads: 1)
    let otherTangent = try two.jvp(change, threads: 2)
    var shared = batch.P.map { Vector.zeros($0.pattern.entries) }
    for item in 0..<7 {
      expectSame(one[item], two[item])
      let single = try batch[item].solve()
      expectSame(one[item], single)
      let alone = try single.vjp(x: upstream[item], y: slack[item], s: slack[item])
      for part in [gradient, other] {
        #expect(sameBits(part.c[item], alone.c) && sameBits(part.b[item], alone.b))
        #expect(sameBits(part.A[item].values, alone.A.values))
      }
      #expect(sameBits(tangent.x[item], otherTangent.x[item]))
      #expect(sameBits(tangent.y[item], otherTangent.y[item]))
      #expect(sameBits(tangent.s[item], otherTangent.s[item]))
      #expect(
        sameBits(
          tangent.x[item],
          try single.jvp(
            ConeProgramPerturbation(
              c: BatchedVector(shared: upstream[item]), b: BatchedVector(shared: slack[item]))
          ).x))
      if let P = alone.P { shared? += P.values }
    }
    if let shared, let P = gradient.P, shared.isFinite {
      #expect(P.items == nil)
      #expect(isClose(P.values.array, shared, relativeTolerance: 1e-12).holds)
    }
  }

  @Test func oneFailureDoesNotDisturbTheOthers() throws {
    let batch = try batch(.nonnegative, items: 5, hasFailures: true)
    let healthy = try self.batch(.nonnegative, items: 5, hasFailures: false)
    let solution = try batch.solve()
    #expect(solution.status[2] == .primalInfeasible)
    let expected = try healthy.solve()
    for item in [0, 1, 3, 4] {
      #expect(solution.status[item] == .optimal)
      expectSame(solution[item], expected[item])
    }
    let ones = BatchedVector(shared: Vector(repeating: 1, count: batch.variables))
    let gradient = try solution.vjp(x: ones)
    for item in 0..<5 { #expect(gradient.c[item].isFinite == (item != 2)) }
    #expect(throws: DerivativeError.unsolved(item: 2, status: .primalInfeasible)) {
      try solution.vjp(x: ones, degenerate: .throwing)
    }
  }

  @Test(arguments: ConeKind.allCases) func updatingIsFresh(kind: ConeKind) throws {
    var random = SeededGenerator(seed: 2)
    let data = RandomConeProgram(kind, seed: 11)
    let change = data.perturbation(&random)
    let moved = try data.moved(by: 0.1, along: change)
    let fresh = try ConeProgram(
      P: moved.P.map { SparseMatrix(pattern: $0.pattern, values: $0.values) }, c: moved.c,
      A: SparseMatrix(pattern: data.A.pattern, values: moved.A.values), b: moved.b,
      cones: data.cones)
    expectSame(try moved.solve(), try fresh.solve())
    #expect(moved.A.values != data.A.values || data.A.pattern.entries == 0)
    // What is not given stays.
    let same = try data.program.updating()
    #expect(same.c == data.c && same.A == data.A && same.b == data.b && same.P == data.P)
  }

  @Test func emptyBatch() throws {
    let batch = try ConeProgramBatch(
      items: 0, c: BatchedVector([], count: 2),
      A: BatchedSparseMatrix(shared: [[1, 0]].sparse), b: BatchedVector(shared: [1]),
      cones: ConeProduct(nonnegative: 1))
    let solution = try batch.solve()
    #expect(solution.status.isEmpty && solution.items == 0 && solution.x.items == 0)
    let gradient = try solution.vjp(x: BatchedVector([], count: 2))
    #expect(gradient.certificates.isEmpty && gradient.c.items == 0)
    #expect(gradient.A.items == nil && gradient.A.values[0] == [0] && gradient.b[0] == [0])
    #expect(try solution.jvp(ConeProgramPerturbation()).certificates.isEmpty)
  }

  @Test func sharedDataGetTheSum() throws {
    let batch = try ConeProgramBatch(
      P: BatchedSparseMatrix(shared: [[1, 0], [0, 2]].sparse),
      c: BatchedVector(items: 3, count: 2, elements: [-3, -3, -4, 1, -2, -9]),
      A: BatchedSparseMatrix(shared: [[1, 1]].sparse), b: BatchedVector(shared: [1]),
      cones: ConeProduct(zero: 1))
    let solution = try batch.solve()
    let upstream = BatchedVector(items: 3, count: 2, elements: [1, 0, 2, -1, 0.5, 3])
    let gradient = try solution.vjp(x: upstream)
    #expect(gradient.c.items == 3 && gradient.b.items == nil && gradient.A.items == nil)
    var sum = Vector.zeros(1)
    for item in 0..<3 { sum += try solution[item].vjp(x: upstream[item]).b }
    #expect(isClose(gradient.b[0], sum, relativeTolerance: 1e-14).holds)
    // dx/db = (2/3, 1/3).
    #expect(isClose(gradient.b[0], [(2 * 3.5 + 2) / 3], relativeTolerance: 1e-9).holds)
  }
}
