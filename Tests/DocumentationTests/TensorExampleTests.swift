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
}
