import Argmin
import Foundation
import Testing

/// The README's Swift example: it compiles, prints what its comments say, and stands in the README to
/// the letter.
@Suite struct ReadmeExampleTests {
  @Test func exampleRunsAndStandsInTheReadme() throws {
    var printed: [String] = []
    func print(_ items: Any...) {
      printed.append(items.map { "\($0)" }.joined(separator: " "))
    }

    // BEGIN EXAMPLE
    // The point of the simplex nearest to a target: minimize ½ |x|² - targetᵀx
    // subject to x ≥ 0 and x₁ + x₂ + x₃ = 1.
    let program = try QuadraticProgram(
      Q: .identity(3), p: [-1, -0.5, 0.25],  // p = -target
      G: .diagonal([-1, -1, -1]), h: [0, 0, 0],
      A: [[1, 1, 1]], b: [1])

    let solution = try program.solve()
    print(solution.status, solution.x)  // optimal [0.75, 0.25, 0.0]

    // How x₁ depends on every datum: the gradient of the loss x₁, and how far to trust it.
    let gradient = try solution.vjp(x: [1, 0, 0])
    print(gradient.p, gradient.b)  // [-0.5, 0.5, 0.0] [0.5]
    print(gradient.certificate.kind)  // exact

    // Two targets at once. The second one is a kink of the projection: x = target, and the rows
    // x₂ ≥ 0 and x₃ ≥ 0 are met with equality, but not needed.
    let batch = try QuadraticProgramBatch(
      Q: BatchedMatrix(shared: program.Q), p: BatchedVector([[-1, -0.5, 0.25], [-1, 0, 0]]),
      G: BatchedMatrix(shared: program.G), h: BatchedVector(shared: program.h),
      A: BatchedMatrix(shared: program.A), b: BatchedVector(shared: program.b))
    let gradients = try batch.solve().vjp(x: BatchedVector(shared: [1, 0, 0]))
    print(gradients.certificates[1].kind)  // leastNorm
    print(gradients.certificates[1].weaklyActive)  // [1, 2]
    print(gradients.b[0])  // [1.5]: b is shared, so its gradient is the sum over the batch
    // END EXAMPLE

    let lines = try example()
    let expected = lines.filter { $0.hasPrefix("print(") }.map { line in
      line[line.range(of: "// ")!.upperBound...].split(separator: ":")[0]
    }
    #expect(printed.count == expected.count)
    for (actual, comment) in zip(printed, expected) { expectSame(actual, String(comment)) }

    let readme = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
    let code = (["import Argmin", ""] + lines).joined(separator: "\n")
    #expect(readme.contains("```swift\n\(code)\n```"), "the README shows other code")
  }

  private var root: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
  }

  /// The lines of the example in this file, without their indentation.
  private func example() throws -> [String] {
    let source = try String(contentsOf: URL(fileURLWithPath: #filePath), encoding: .utf8)
    let lines = source.components(separatedBy: "\n")
    let first = try #require(lines.firstIndex(of: "    // BEGIN EXAMPLE"))
    let last = try #require(lines.firstIndex(of: "    // END EXAMPLE"))
    return lines[first + 1..<last].map { String($0.dropFirst(4)) }
  }

  /// The same words, and the same numbers to rounding.
  private func expectSame(_ actual: String, _ expected: String) {
    func parts(_ text: String) -> [Substring] { text.split { "[], ".contains($0) } }
    let (actualParts, expectedParts) = (parts(actual), parts(expected))
    #expect(actualParts.count == expectedParts.count)
    for (a, b) in zip(actualParts, expectedParts) {
      if let x = Double(a), let y = Double(b) {
        #expect(abs(x - y) <= 1e-12, "\(actual) and \(expected)")
      } else {
        #expect(a == b)
      }
    }
  }
}
