import Argmin
import ConvexModeling
import Testing

/// The README's example of the modelling language, which its generic operators keep in a file of its own.
@Suite struct ModelExampleTests {
  @Test func modelExample() throws {
    var output = Output()
    func print(_ items: Any...) { output.append(items) }

    // BEGIN model example
    // The point of the simplex nearest to a target, as a function of the target.
    let x = Variable(3), target = Parameter(3)
    let problem = try Problem(.minimize(sumSquares(x - target))) {
      sum(x) == 1
      x >= 0
    }
    let answer = try problem.solve([target: [1, 0.5, -0.25]])
    print(answer.status, answer[x].scalars)  // optimal [0.75, 0.25, 0.0]

    // How x₁ depends on the target: the gradient, through the solver.
    let nearest = try problem.layer(parameters: [target])
    let slope = try gradient(at: Tensor([1, 0.5, -0.25])) { try nearest($0)[x][0] }
    print(slope.scalars)  // [0.5, -0.5, 0.0]
    // END model example

    let example = try DocumentedExample("model example")
    example.requirePrinted(output.lines)
    try example.requireShown(
      in: "README.md", preamble: ["import Argmin", "import ConvexModeling", ""])
  }
}
