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

  @Test func epochsAreRepeatable() {
    let batches = Contexts("normal") { $1.normal([$0, 2]) }.batches(
      of: 3, perEpoch: 4, key: RandomKey(seed: 2))
    let first = batches.epoch(1).map { $0.first.scalars }
    #expect(first == batches.epoch(1).map { $0.first.scalars })
    #expect(first != batches.epoch(0).map { $0.first.scalars })
    #expect(first.count == 4 && first[0].count == 6)
  }
}
