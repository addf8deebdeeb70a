import Argmin
import ConvexModeling
import Testing

/// The examples of the guides to the modelling language.
@Suite struct ModelArticleTests {
  @Test func layersAsArgmins() throws {
    var output = Output()
    func print(_ items: Any...) { output.append(items) }

    // BEGIN layers
    let x = Parameter(3), y = Variable(3)
    let relu = try Problem(.minimize(0.5 * sumSquares(y - x))) { y >= 0 }
    let sigmoid = try Problem(.maximize(dot(x, y) + sum(entropy(y)) + sum(entropy(1 - y))))
    let softargmax = try Problem(.maximize(dot(x, y) + sum(entropy(y)))) { sum(y) == 1 }

    let point = Tensor([0.5, -1, 2])
    for problem in [relu, sigmoid, softargmax] {
      let layer = try problem.layer(parameters: [x], variables: [y])
      let value = try layer(point)[0]
      let slope = try gradient(at: point) { try layer($0)[0][0] }
      print(value.scalars.map { ($0 * 1e4).rounded() / 1e4 })
      print(slope.scalars.map { ($0 * 1e4).rounded() / 1e4 })
    }
    // [0.5, 0.0, 2.0]
    // [1.0, 0.0, 0.0]
    // [0.6225, 0.2689, 0.8808]
    // [0.235, 0.0, 0.0]
    // [0.1753, 0.0391, 0.7856]
    // [0.1446, -0.0069, -0.1377]
    // END layers

    let example = try DocumentedExample("layers")
    try example.requireShown(in: "Documentation/LayersAsArgmins.md")
    let promised = example.lines.filter { $0.hasPrefix("// ") }.map { String($0.dropFirst(3)) }
    #expect(
      promised
        == output.lines.map { $0.replacing("-0.0,", with: "0.0,").replacing("-0.0]", with: "0.0]") }
    )
  }

  @Test func guide() throws {
    var output = Output()
    func print(_ items: Any...) { output.append(items) }

    // BEGIN guide
    let returns = Parameter(3), aversion = Parameter(sign: .nonnegative)
    let weights = Variable(3)
    let covariance: Matrix = [[0.1, 0.02, 0], [0.02, 0.2, 0.05], [0, 0.05, 0.3]]
    let problem = try Problem(
      .maximize(dot(returns, weights) - aversion * quadForm(weights, covariance))
    ) {
      sum(weights) == 1
      weights >= 0
    }
    let answer = try problem.solve([returns: [0.1, 0.2, 0.15], aversion: 0.5])
    print(answer.status.rawValue)  // optimal

    let portfolio = try problem.layer(parameters: [returns, aversion])
    let slope = try gradient(at: Tensor([0.1, 0.2, 0.15])) { returns in
      try portfolio(returns, Tensor(0.5))[weights][0]
    }
    // END guide

    // The weights change within the simplex.
    #expect(abs(slope.sum().item) < 1e-9 && slope[0].item > 0)
    let example = try DocumentedExample("guide")
    example.requirePrinted(output.lines)
    try example.requireShown(in: "Documentation/ConvexModeling.md")
  }

  @Test func geometricGuide() throws {
    // BEGIN box
    let h = Variable(), w = Variable(), d = Variable()
    let box = try Problem(.maximize(h * w * d), geometric: true) {
      2 * (h * w + h * d) <= 200
      w * d <= 100
      h / w >= 0.5
    }
    // END box

    let answer = try box.solve()
    let sides = [h, w, d].map { answer[$0].item }
    // Both areas are used up, and h = w / 2: then w (w + d) = 200 and w d = 100.
    #expect(isClose(sides, [5, 10, 10], relativeTolerance: 1e-6))
    try DocumentedExample("box").requireShown(in: "Documentation/ConvexModeling.md")
  }

  @Test func closedFormsAreRecovered() throws {
    let x = Parameter(3), y = Variable(3)
    let cases: [(Problem, (Tensor) -> Tensor)] = [
      (try Problem(.minimize(0.5 * sumSquares(y - x))) { y >= 0 }, { relu($0) }),
      (
        try Problem(.maximize(dot(x, y) + sum(entropy(y)) + sum(entropy(1 - y)))),
        { sigmoid($0) }
      ),
      (
        try Problem(.maximize(dot(x, y) + sum(entropy(y)))) { sum(y) == 1 },
        { $0.softmax() }
      ),
    ]
    for (problem, closedForm) in cases {
      let layer = try problem.layer(parameters: [x])
      for point in [[0.5, -1, 2], [-3, 0.1, 4], [1, 1, 1]] as [[Double]] {
        let point = Tensor(point)
        let weights = Tensor([1, -2, 0.5])
        let (value, slope) = try valueAndGradient(at: point) {
          (try layer($0)[y] * weights).sum()
        }
        let (expected, expectedSlope) = valueAndGradient(at: point) {
          (closedForm($0) * weights).sum()
        }
        #expect(abs(value.item - expected.item) < 1e-8)
        for (a, b) in zip(slope.scalars, expectedSlope.scalars) { #expect(abs(a - b) < 1e-8) }
      }
    }
  }
}

private func isClose(_ a: [Double], _ b: [Double], relativeTolerance: Double) -> Bool {
  zip(a, b).allSatisfy { abs($0 - $1) <= relativeTolerance * abs($1) }
}
