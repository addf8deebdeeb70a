import Argmin
import Testing

/// The examples of the documentation catalogue, like that of the README.
@Suite struct ArticleExampleTests {
  private static let catalogue = "Sources/Argmin/Argmin.docc/"

  @Test func landingPage() throws {
    var output = Output()
    func print(_ items: Any...) { output.append(items) }

    // BEGIN landing page
    let program = try QuadraticProgram(Q: [[1]], p: [-2], G: [[1]], h: [1])
    let solution = try program.solve()
    print(solution.x)  // [1.0]
    let sensitivity = try solution.vjp(x: [1])
    print(sensitivity.h)  // [1.0]: the optimum moves with the bound
    print(sensitivity.certificate.kind)  // exact
    // END landing page

    let example = try DocumentedExample("landing page")
    example.requirePrinted(output.lines)
    try example.requireShown(in: Self.catalogue + "Argmin.md")
  }

  @Test func kink() throws {
    var output = Output()
    func print(_ items: Any...) { output.append(items) }

    // BEGIN kink
    // min ½ x² subject to x ≤ 0: the minimizer lies on the bound.
    let program = try QuadraticProgram(Q: [[1]], p: [0], G: [[1]], h: [0])
    let solution = try program.solve()

    let kept = try solution.vjp(x: [1])
    print(kept.certificate.kind)  // leastNorm
    print(kept.certificate.weaklyActive)  // [0]
    print(kept.p)  // [0.0]: the bound is kept active

    let smooth = try solution.vjp(x: [1], degenerate: .smoothed(barrier: 1e-4))
    print(smooth.p)  // [-0.5]: between 0 and -1, the two one-sided values
    // END kink

    let example = try DocumentedExample("kink")
    example.requirePrinted(output.lines)
    try example.requireShown(in: Self.catalogue + "NonDifferentiableSolutions.md")
  }

  @Test func warmStart() throws {
    func batch(_ p: [Vector]) throws -> QuadraticProgramBatch {
      try QuadraticProgramBatch(
        Q: BatchedMatrix(shared: .identity(2)), p: BatchedVector(p),
        G: BatchedMatrix(shared: [[1, 1]]), h: BatchedVector(shared: [1]))
    }
    let (batch, moved) = (try batch([[-1, -2], [0, 0]]), try batch([[-1.1, -2], [0, 0.1]]))

    // BEGIN warm start
    var settings = QuadraticProgramSettings()  // .automatic, 1e-9, no limits
    settings.relativeTolerance = 1e-8
    settings.timeLimit = .seconds(2)
    let first = try batch.solve(settings: settings)
    // Later, with other numbers and the same shapes:
    let second = try moved.solve(settings: settings, warmStart: QuadraticProgramWarmStart(first))
    // END warm start

    #expect(second.status == [.optimal, .optimal])
    try DocumentedExample("warm start").requireShown(in: Self.catalogue + "ChoosingAMethod.md")
  }
}
