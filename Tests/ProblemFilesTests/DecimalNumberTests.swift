import ProblemFiles
import Testing
import _TestSupport

/// Numbers are correctly rounded: the same bits as the standard library's conversion.
@Suite struct DecimalNumberTests {
  @Test func shortestSpellings() throws {
    var generator = SeededGenerator(seed: 1)
    let values = (0..<100_000).map { _ in Double(bitPattern: generator.next()) }
      .filter(\.isFinite)
    try expectSameBits(values.map(\.description))
  }

  @Test func manySpellings() throws {
    var generator = SeededGenerator(seed: 2)
    var spellings: [String] = []
    for _ in 0..<100_000 {
      let digits = Int.random(in: 1...40, using: &generator)
      var text = String(Int.random(in: 1...9, using: &generator))
      for _ in 1..<digits + 1 { text += String(Int.random(in: 0...9, using: &generator)) }
      text.insert(".", at: text.index(text.startIndex, offsetBy: 1))
      text += "e\(Int.random(in: -330...307, using: &generator))"
      spellings.append(Bool.random(using: &generator) ? "-" + text : text)
    }
    try expectSameBits(spellings)
  }

  @Test func neighboursOfHalfwayPoints() throws {
    var generator = SeededGenerator(seed: 3)
    var spellings: [String] = []
    // Between two doubles of this size lie integers, so that the halfway point has an exact spelling.
    for _ in 0..<10_000 {
      let odd = UInt64.random(in: 1 << 53..<1 << 54, using: &generator) | 1
      spellings += [odd, odd - 1, odd + 1].map(String.init)
      spellings += ["\(odd).0000000000000000000000000001", "\(odd).0", "\(odd)e0"]
    }
    try expectSameBits(spellings)
  }

  @Test func edges() throws {
    try expectSameBits([
      "0", "-0", "0.0", "-0.0e-999", "0e999999999999", "1", "-1", "1e22", "1e23", "123456789",
      "9007199254740993", "9007199254740992e22", "1.7976931348623157e308",
      "1.7976931348623158e308", "4.9406564584124654e-324", "5e-324", "2.4703282292062328e-324",
      "2.4703282292062327e-324", "1e-400", "1e-999999999999", "2.2250738585072014e-308",
      "2.2250738585072011e-308", "2.225073858507201e-308", "0.000000000000000000000000000001",
      "1" + String(repeating: "0", count: 300), "0." + String(repeating: "0", count: 300) + "1",
      "0." + String(repeating: "0", count: 400) + "1e400",
      "179769313486231580793728971405301e276", "8.5e-2", "1E5", "1e+5", "12345678901234567890",
      "99999999999999999999", "18446744073709551615", "18446744073709551616",
    ])
  }

  private func expectSameBits(
    _ spellings: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let text =
      #"{"kind": "qp", "A": [["# + spellings.joined(separator: "],[")
      + #"]], "p": [0], "b": ["# + spellings.joined(separator: ", \n") + "]}"
    let batch = try read(text).quadraticGroup().batch
    for (index, spelling) in spellings.enumerated() {
      let expected = Double(spelling)?.bitPattern
      let isSame =
        batch.A.array[index].bitPattern == expected && batch.b.array[index].bitPattern == expected
      if !isSame { Issue.record("\(spelling) is read wrongly", sourceLocation: sourceLocation) }
    }
  }
}
