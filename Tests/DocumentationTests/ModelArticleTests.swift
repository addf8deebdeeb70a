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
