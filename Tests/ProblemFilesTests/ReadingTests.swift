import ProblemFiles
import Testing

@Suite struct ReadingTests {
  @Test func batch() throws {
    let text = """
      {"kind": "batch", "shared": {"Q": [[2, 0], [0, 2]]}, "problems": [
        {"kind": "qp", "p": [1, 2.5e-3], "G": [[1, 1]], "h": [null]},
        {"kind": "qp", "p": [1, 2.5e-3], "A": [[1, 1]], "b": [0.1]},
        {"kind": "qp", "p": [1, 3], "G": [[1, 1]], "h": [1e20]}]}
      """
    let file = try ProblemFile(bytes: text.utf8, name: "batch.json", format: .json)
    #expect(file.groups.map(\.indices) == [[0, 2], [1]])
  }
}
