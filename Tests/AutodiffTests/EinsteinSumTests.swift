import Autodiff
import Foundation
import Testing

@Suite struct EinsteinSumTests {
  static let lengths: [Character: Int] = ["b": 2, "i": 3, "j": 4, "k": 2, "l": 1, "z": 0]

  @Test(arguments: [
    "ij,jk->ik", "bij,bjk->bik", "ij,kj->", "i,i->", "i,j->ij", "bij,bij->bij", "ij,ij->j",
    "ij->ji", "ii->", "ii->i", "ij->", "iji->j", "i,ij,j->", "bij,jk,bk->bi", "ijl,lk->kij",
    "ij,jk", "ba", "iz,zj->ij", "z,zi->zi", ",ij->ij", "bii,ij->bj", "->", "ij,k->i",
  ])
  func againstSumsOverAllIndices(_ formula: String) {
    var random = TestGenerator(seed: 32)
    let lengths = Self.lengths.merging(["a": 3]) { first, _ in first }
    let inputs = formula.components.inputs
    let operands = inputs.map { random.tensor($0.map { lengths[$0]! }) }
    let result = evaluate(formula, operands)
    let (shape, expected) = reference(formula, operands, lengths)
    #expect(result.shape == shape)
    for (a, b) in zip(result.scalars, expected) { #expect(Swift.abs(a - b) < 1e-13) }
    DerivativeCheck()(operands) { square(evaluate(formula, $0)) }
  }

  private func evaluate(_ formula: String, _ operands: [Tensor]) -> Tensor {
    switch operands.count {
    case 1: einsum(formula, operands[0])
    case 2: einsum(formula, operands[0], operands[1])
    default: einsum(formula, operands[0], operands[1], operands[2])
    }
  }

  private func reference(
    _ formula: String, _ operands: [Tensor], _ lengths: [Character: Int]
  ) -> (shape: [Int], values: [Double]) {
    let (inputs, output) = formula.components
    let letters = output + Set(inputs.joined()).subtracting(output).sorted()
    let shape = output.map { lengths[$0]! }
    var result = [Double](repeating: 0, count: shape.reduce(1, *))
    let total = letters.reduce(1) { $0 * lengths[$1]! }
    let scalars = operands.map(\.scalars)
    for number in 0..<total {
      var index: [Character: Int] = [:]
      var rest = number
      for letter in letters.reversed() {
        index[letter] = rest % lengths[letter]!
        rest /= lengths[letter]!
      }
      func offset(_ word: [Character]) -> Int {
        word.reduce(0) { $0 * lengths[$1]! + index[$1]! }
      }
      result[offset(output)] += zip(scalars, inputs).reduce(1) { $0 * $1.0[offset($1.1)] }
    }
    return (shape, result)
  }
}

extension String {
  /// The letters of the operands and of the result of a formula, the latter found out if not given.
  fileprivate var components: (inputs: [[Character]], output: [Character]) {
    let arrow = range(of: "->")
    let left = arrow.map { self[..<$0.lowerBound] } ?? self[...]
    let inputs = left.split(separator: ",", omittingEmptySubsequences: false).map { Array($0) }
    if let arrow { return (inputs, Array(self[arrow.upperBound...])) }
    let all = inputs.flatMap { $0 }
    return (inputs, Set(all).filter { letter in all.count { $0 == letter } == 1 }.sorted())
  }
}
