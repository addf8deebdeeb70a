import Argmin
import Testing

@Suite struct ContextTests {
  @Test func drawsDependOnTheKeyOnly() {
    let rows = Contexts(rows: Tensor([[1, 2], [3, 4], [5, 6]]), named: "rows")
    let key = RandomKey(seed: 1)
    #expect(rows.sample(4, key: key).hasSameElements(as: rows.sample(4, key: key)))
    #expect(rows.sample(0, key: key).shape == [0, 2])
    let shifted = rows.shifted("moved") { $0 + 10 }
    #expect(shifted.sample(4, key: key).hasSameElements(as: rows.sample(4, key: key) + 10))
    let pairs = Contexts.pairs(of: Tensor([[1.0], [2]]), named: "pairs").sample(64, key: key)
    #expect(!pairs.first.hasSameElements(as: pairs.second))
    #expect(Set(pairs.first.scalars) == [1, 2])
  }

  /// A generator that gives other than it was asked for, and contexts that are no batch.
  @Test func batchesAreChecked() throws {
    let program = try QuadraticProgram(Q: [[1, 0], [0, 1]], p: [0, 0], G: [[-1, -1]], h: [-1])
    let map = try QuadraticProgramFamily(program, varying: [.p])
    let key = RandomKey(seed: 3)
    let few = Contexts<[Tensor]>("few") { count, key in [key.normal([count - 1, 2])] }
    #expect(
      throws: ProblemError.batchSize(
        argument: "the generator of the contexts \"few\"", expected: 4, actual: 3)
    ) { _ = try SolvedSet(of: map, over: few, count: 4, key: key) }
    #expect(throws: ProblemError.batchAxis(argument: "p", actual: [2])) {
      _ = try map.solve([Tensor([1.0, 2])])
    }
    let both = try QuadraticProgramFamily(program, varying: [.p, .h])
    #expect(throws: ProblemError.batchSize(argument: "h", expected: 2, actual: 3)) {
      _ = try both.solve([Tensor.zeros([2, 2]), Tensor.zeros([3, 1])])
    }
    let sparse = try SparseQuadraticProgram(
      P: SparseMatrix([[1, 0], [0, 1]]), q: [0, 0], A: SparseMatrix([[1, 1]]), lower: [1],
      upper: [.infinity])
    let splitting = AlternatingDirectionsFamily(try AlternatingDirections(sparse), varying: [.q])
    #expect(throws: ProblemError.batchAxis(argument: "q", actual: [2])) {
      _ = try splitting.solve([Tensor([1.0, 2])])
    }
    #expect(
      throws: ProblemError.shape(argument: "q", item: nil, expected: [1, 2], actual: [1, 3])
    ) { _ = try splitting.solve([Tensor([[1.0, 2, 3]])]) }
  }

  @Test func epochsAreRepeatable() {
    let batches = Contexts("normal") { $1.normal([$0, 2]) }.batches(
      of: 3, perEpoch: 4, key: RandomKey(seed: 2))
    let first = batches.epoch(1).map { $0.first.scalars }
    #expect(first == batches.epoch(1).map { $0.first.scalars })
    #expect(first != batches.epoch(0).map { $0.first.scalars })
    #expect(first.count == 4 && first[0].count == 6)
  }
}
