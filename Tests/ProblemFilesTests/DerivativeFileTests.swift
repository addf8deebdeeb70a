import LinearAlgebra
import ProblemFiles
import Testing

@Suite struct DerivativeFileTests {
  private let single = #"{"kind": "qp", "p": [1, 2], "G": [[1, 1]], "h": [1]}"#
  private let batch = """
    {"kind": "batch", "problems": [
      {"kind": "qp", "p": [1], "G": [[1]], "h": [1]}, {"kind": "qp", "p": [1, 2]},
      {"kind": "qp", "p": [2], "G": [[1]], "h": [1]}]}
    """

  private func upstream(_ text: String, _ problems: String) throws -> UpstreamFile {
    try UpstreamFile(bytes: text.utf8, name: "up.json", for: try read(problems))
  }

  private func perturbation(_ text: String, _ problems: String) throws -> PerturbationFile {
    try PerturbationFile(bytes: text.utf8, name: "move.json", for: try read(problems))
  }

  @Test func singleUpstream() throws {
    let file = try upstream(#"{"x": [1, 2], "lambda": [3]}"#, single)
    #expect(file.items.count == 1)
    #expect(file.items[0]?.x == [1, 2])
    #expect(file.items[0]?.lambda == [3])
    #expect(file.items[0]?.nu == nil)
  }

  @Test func batchedUpstream() throws {
    let problems = try read(batch)
    let text = #"[{"x": [5]}, {"x": [6, 7]}, null]"#
    let file = try UpstreamFile(bytes: text.utf8, name: "up.json", for: problems)
    let first = try file.batched(for: problems.quadraticGroup())
    #expect(first.x?.array == [5, 0])
    #expect(first.lambda == nil)
    #expect(try file.batched(for: problems.quadraticGroup(1)).x?.array == [6, 7])
    #expect(file.items[2] == nil)
  }

  @Test func batchedPerturbation() throws {
    let problems = try read(batch)
    let text = #"[{"Q": [[1]], "G": [[2]]}, null, {"h": [3], "A": [], "b": []}]"#
    let file = try PerturbationFile(bytes: text.utf8, name: "move.json", for: problems)
    let first = try file.batched(for: problems.quadraticGroup())
    #expect(first.Q?.array == [1, 0])
    #expect(first.G?.array == [2, 0])
    #expect(first.h?.array == [0, 3])
    #expect(first.p == nil)
    let second = try file.batched(for: problems.quadraticGroup(1))
    #expect(second.Q == nil && second.p == nil && second.G == nil)
  }

  @Test(arguments: [
    ("[]", "expected an upstream gradient (an object)"), ("null", "found null"),
    (#"{"x": [1]}"#, "x: has 1 number, expected 2: one per variable"),
    (#"{"lambda": []}"#, "lambda: has 0 numbers, expected 1: one per inequality"),
    (#"{"nu": [1]}"#, "nu: has 1 number, expected 0: one per equality"),
    (#"{"y": [1]}"#, "y: unknown key"), (#"{"x": [1, null]}"#, "x[1]: expected a number"),
    (#"{"x": [1, 2], "x": [1, 2]}"#, "x: the key is given twice"), (#"{} {}"#, "end of the file"),
  ])
  func wrongUpstream(text: String, reason: String) {
    let error = #expect(throws: ProblemFileError.self) { try upstream(text, single) }
    #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    #expect(error?.description.hasPrefix("up.json:1: ") == true)
  }

  @Test(arguments: [
    ("{}", "expected a list"), ("[null]", "has 1 item, the batch 3 problems"),
    ("[null, null, null, {}]", "has 4 items, the batch 3 problems"),
    (#"[null, {"x": [1]}, null]"#, "[1].x: has 1 number, expected 2"),
    (#"[3]"#, "[0]: expected an upstream gradient"),
  ])
  func wrongBatchUpstream(text: String, reason: String) {
    let error = #expect(throws: ProblemFileError.self) { try upstream(text, batch) }
    #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: [
    (#"{"Q": [[1, 2], [3, 4]]}"#, "Q: is not symmetric: [1, 0] is 3.0, [0, 1] is 2.0"),
    (#"{"Q": [[1]]}"#, "Q: has shape [1, 1], expected [2, 2]"),
    (#"{"G": []}"#, "G: has shape [0, 0], expected [1, 2]"),
    (#"{"h": [null]}"#, "h[0]: expected a number"), (#"{"kind": "qp"}"#, "kind: unknown key"),
  ])
  func wrongPerturbation(text: String, reason: String) {
    let error = #expect(throws: ProblemFileError.self) { try perturbation(text, single) }
    #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
  }
}
