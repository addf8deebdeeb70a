import Argmin
import Testing

/// The examples of the guides about tensors and their derivatives.
@Suite struct TensorExampleTests {
  @Test func gradientAndCurvature() throws {
    var output = Output()
    func print(_ items: Any...) { output.append(items) }

    // BEGIN gradient and curvature
    let x = Tensor([1, 2, 3])
    let slope = gradient(at: x) { x in (x * x * x).sum() }
    print(slope.scalars)  // [3.0, 12.0, 27.0]

    // The Hessian along a direction: the derivative of the gradient.
    let curvature = jvp(at: x, along: Tensor([1, 0, 0])) { x in
      gradient(at: x) { x in (x * x * x).sum() }
    }.tangent
    print(curvature.scalars)  // [6.0, 0.0, 0.0]
    // END gradient and curvature

    let example = try DocumentedExample("gradient and curvature")
    example.requirePrinted(output.lines)
    try example.requireShown(in: "Documentation/AutomaticDifferentiation.md")
  }

  @Test func throughAnOptimizer() throws {
    var output = Output()
    func print(_ items: Any...) { output.append(items) }

    // BEGIN through an optimizer
    // One parameter, inner loss (y - 3)^2, five steps of gradient descent with the rate 0.1.
    let loop = InnerLoop(SGD(learningRate: 0.1), steps: 5)
    let (later, slope) = valueAndGradient(at: Tensor([1.0]), loop) { initial, loop in
      let trained = loop(from: initial, with: Tensor([3.0])) { y, target in square(y - target).sum()
      }
      return square(trained.parameters - 2).sum()
    }
    print(later.item)  // 0.1187767296
    print(slope.0.scalars)  // [0.2258632704]: with respect to the initial value
    print(slope.1.optimizer.learningRate.item)  // 5.64658176: and to the rate
    // END through an optimizer

    let example = try DocumentedExample("through an optimizer")
    example.requirePrinted(output.lines)
    try example.requireShown(in: "Documentation/DifferentiatingThroughAnOptimizer.md")
  }
}
