import LinearAlgebra
import ProblemFiles
import Testing
import _TestSupport

@Suite struct JSONWriterTests {
  @Test func layout() {
    var json = JSONWriter()
    json.object { json in
      json.write("a\"b\\c\n\u{1}é", for: "text")
      json.write(nil as String?, for: "none")
      json.write([1, -0.5, .infinity, .nan, 1e300, 0.1], for: "numbers")
      json.write([[1, 2], [3, 4]] as Matrix, for: "matrix")
      json.write(Matrix(rows: 0, columns: 3), for: "empty")
      json.write([1, 2], for: "rows")
      json.write(["x", "y"], for: "names")
      json.object(for: "inline", .inline) { json in
        json.write(3, for: "a")
        json.write(true, for: "b")
      }
      json.list(for: "objects") { json in
        json.object { _ in }
        json.writeNull()
      }
    }
    let expected = #"""
      {
        "text": "a\"b\\c\n\u0001é",
        "none": null,
        "numbers": [1, -0.5, null, null, 1e+300, 0.1],
        "matrix": [
          [1, 2],
          [3, 4]
        ],
        "empty": [],
        "rows": [1, 2],
        "names": ["x", "y"],
        "inline": {"a": 3, "b": true},
        "objects": [
          {},
          null
        ]
      }

      """#
    #expect(String(decoding: json.finish(), as: UTF8.self) == expected)
  }

  @Test func sinkGetsEverything() {
    nonisolated(unsafe) var collected: [UInt8] = []
    var json = JSONWriter { collected += $0 }
    var whole = JSONWriter()
    let matrix = Matrix(rows: 300, columns: 300, repeating: 1.5)
    json.write(matrix)
    whole.write(matrix)
    #expect(json.finish().isEmpty)
    #expect(collected == whole.finish())
  }

  @Test func problemsSurviveARoundTrip() throws {
    var generator = SeededGenerator(seed: 4)
    func number() -> Double {
      var value = 0.0
      repeat { value = Double(bitPattern: generator.next()) } while !value.isFinite || value > 1e19
      return value
    }
    func row(_ count: Int) -> Vector { Vector((0..<count).map { _ in number() }) }
    let n = 7
    var json = JSONWriter()
    json.object { json in
      json.write("batch", for: "kind")
      json.object(for: "shared") { json in
        json.write(Matrix(rows: 3, columns: n, elements: row(3 * n).array), for: "A")
        json.write(row(3), for: "b")
      }
      json.list(for: "problems") { json in
        for item in 0..<20 {
          json.object { json in
            json.write("qp", for: "kind")
            json.write(row(n), for: "p")
            let m = item % 3
            json.write(Matrix(rows: m, columns: n, elements: row(m * n).array), for: "G")
            var h = row(m)
            if m > 0 { h[0] = .infinity }
            json.write(h, for: "h")
          }
        }
      }
    }
    let first = try ProblemFile(bytes: json.finish(), name: "first.json", format: .json)
    var again = JSONWriter()
    first.write(to: &again)
    let bytes = again.finish()
    let second = try ProblemFile(bytes: bytes, name: "second.json", format: .json)
    #expect(first.sharedData == [.A, .b] && second.sharedData.isEmpty)
    #expect(first.groups.map(\.indices) == second.groups.map(\.indices))
    for group in first.groups.indices {
      let a = try first.quadraticGroup(group)
      let b = try second.quadraticGroup(group)
      #expect(a.batch.p == b.batch.p)
      #expect(a.batch.G == b.batch.G)
      #expect(a.batch.h == b.batch.h)
      // What was shared is written with every problem.
      for item in 0..<a.indices.count {
        #expect(a.batch.A[item] == b.batch.A[item])
        #expect(a.batch.b[item] == b.batch.b[item])
      }
    }
    var third = JSONWriter()
    second.write(to: &third)
    #expect(third.finish() == bytes)
  }
}
