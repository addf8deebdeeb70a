import ProblemFiles
import Testing
import _TestSupport

/// Files that have been damaged at random are read, or refused by the typed error; nothing else.
@Suite struct DamagedFileTests {
  private static let samples: [(ProblemFileFormat, String)] = [
    (
      .json,
      """
      {"kind": "batch", "shared": {"Q": [[2, 0.5], [0.5, 1]]},
       "problems": [
        {"kind": "qp", "p": [1, -2.5e-3], "G": [[1, 1], [0, 3]], "h": [null, 1e20]},
        {"p": [1.7976931348623157e308, 12345678901234567890], "kind": "qp"},
        {"kind": "qp", "p": [3, 4], "A": [[1, 2]], "b": [0.1]}]}
      """
    ),
    (
      .json,
      #"{"\u006bind": "qp", "Q": [], "p": [1], "G": [[-1], [1]], "h": [0, 4], "A": [], "b": []}"#
    ),
    (
      .mps,
      """
      NAME          TEST
      OBJSENSE MAX
      ROWS
       N  COST
       L  LIM1
       G  LIM2
       E  MYEQN
      COLUMNS
          X1        COST              1.   LIM1              1.
          X1        LIM2              1.
          X2        COST              2.   LIM1              1.
          X2        MYEQN            -1.0D+00
      RHS
          RHS       COST             -3.   LIM1              4.
          RHS       LIM2              1.   MYEQN             7.
      RANGES
          RNG       LIM1             2.5
      BOUNDS
       UP BND       X1               4.0
       MI BND       X2
      QUADOBJ
          X1        X1               -1.
          X1        X2               0.5
      ENDATA
      """
    ),
    (
      .json,
      """
      {"kind": "batch", "problems": [
        {"kind": "cone", "P": {"rows": 1, "columns": 1, "row": [0], "col": [0], "val": [2]},
         "c": [1], "A": {"rows": 4, "columns": 1, "row": [0, 3, 3], "col": [0, 0, 0],
         "val": [1, -2, 0]}, "b": [null, 1, 2, 3], "cone": {"l": 1, "q": [3]}},
        {"kind": "cone", "c": [3], "A": {"rows": 3, "columns": 1, "row": [], "col": [], "val": []},
         "b": [1, 2, 3], "cone": {"p": [0.5]}}, {"kind": "qp", "p": [1]}]}
      """
    ),
    (
      .cbf,
      """
      VER
      3
      POWCONES
      1 2
      2
      1.0
      3.0
      OBJSENSE
      MAX
      PSDVAR
      1
      2
      VAR
      5 3
      F 1
      QR 3
      L- 1
      PSDCON
      1
      2
      CON
      7 3
      L= 1
      EXP 3
      @0:POW 3
      OBJFCOORD
      1
      0 1 0 2.0
      OBJBCOORD
      7
      FCOORD
      2
      0 0 0 0 1
      0 0 1 0 3
      ACOORD
      3
      0 1 1
      2 0 2
      5 0 1
      BCOORD
      1
      2 -4
      HCOORD
      1
      0 0 1 0 1
      DCOORD
      1
      0 0 0 5
      """
    ),
    (
      .sdpa,
      """
      "A comment
       2 = mDIM
       3 = nBLOCK
      {2, -2, 1} = struct
      {1.0, 2.0e0,}
      0 1 1 1 1.0
      0 1 1 2 0.5
      1 1 1 2 0.25
      2 1 2 2 1
      1 2 1 1 1
      2 3 1 1 4
      """
    ),
  ]

  @Test(arguments: 0..<12)
  func damage(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var outcomes = (read: 0, refused: 0)
    for round in 0..<2400 {
      let (format, text) = Self.samples[round % Self.samples.count]
      var bytes = Array(text.utf8)
      for _ in 0..<Int.random(in: 1...4, using: &generator) { damage(&bytes, &generator) }
      do {
        let file = try ProblemFile(bytes: bytes, name: "damaged", format: format)
        var json = JSONWriter()
        file.write(to: &json)
        _ = json.finish()
        for index in 0..<file.count {
          let (group, item) = file.location(of: index)
          switch file.groups[group] {
          case .quadratic(let group): _ = try group.program(item)
          case .cone(let group): _ = group.batch[item]
          }
        }
        outcomes.read += 1
      } catch let error as ProblemFileError {
        #expect(error.file == "damaged" && !error.reason.isEmpty)
        #expect(!error.description.contains { $0.isNewline })
        outcomes.refused += 1
      } catch {
        Issue.record("\(error) for \(String(decoding: bytes, as: UTF8.self))")
      }
    }
    #expect(outcomes.refused > 500)
    #expect(outcomes.read > 10)
  }

  private func damage(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
    guard !bytes.isEmpty else { return }
    let place = Int.random(in: 0..<bytes.count, using: &generator)
    switch Int.random(in: 0..<9, using: &generator) {
    case 0: bytes.removeSubrange(place...)
    case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    case 2: bytes[place] = UInt8.random(in: 0...255, using: &generator)
    case 3: bytes.remove(at: place)
    case 4: bytes.insert(bytes.randomElement(using: &generator)!, at: place)
    case 5:
      let noise = (0..<Int.random(in: 1...40, using: &generator)).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      }
      bytes.insert(contentsOf: noise, at: place)
    case 6, 7:
      // Lines deleted, doubled or moved.
      var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      let line = Int.random(in: 0..<lines.count, using: &generator)
      let other = Int.random(in: 0..<lines.count, using: &generator)
      switch Int.random(in: 0..<3, using: &generator) {
      case 0: lines.remove(at: line)
      case 1: lines.insert(lines[line], at: other)
      default: lines.swapAt(line, other)
      }
      bytes = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
    default:
      // A part put somewhere else.
      let end = min(bytes.count, place + Int.random(in: 1...30, using: &generator))
      bytes.insert(
        contentsOf: Array(bytes[place..<end]),
        at: Int.random(in: 0...bytes.count, using: &generator))
    }
  }
}
