import Argmin
import Testing

/// The README's Swift example compiles, prints what its comments say, and stands in the README to the
/// letter.
@Suite struct ReadmeExampleTests {
  @Test func example() throws {
    var output = Output()
    func print(_ items: Any...) { output.append(items) }

    // BEGIN example
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
    // END example

    let example = try DocumentedExample("example")
    example.requirePrinted(output.lines)
    try example.requireShown(in: "README.md", preamble: ["import Argmin", ""])
  }

  @Test func tensorExample() throws {
    var output = Output()
    func print(_ items: Any...) { output.append(items) }

    // BEGIN tensor example
    // A network predicts returns, a quadratic program turns them into a portfolio (weights that are not
    // negative and sum to 1), and the loss is what that portfolio really earned.
    let n = 3
    let layer = QuadraticProgramLayer()
    var network = MLP([2, 16, n], activation: .tanh, key: RandomKey(seed: 1), dtype: .float64)
    let features = RandomKey(seed: 2).normal([8, 2])
    let returns = RandomKey(seed: 3).normal([8, n])

    let (loss, slope) = try valueAndGradient(at: network) { network in
      let portfolio = try layer(
        Q: Tensor.identity(n), p: -network(features), G: -Tensor.identity(n), h: Tensor.zeros([n]),
        A: Tensor.ones([1, n]), b: Tensor([1])
      ).x
      return -(portfolio * returns).sum(axis: -1).mean()
    }
    let optimizer = Adam(learningRate: 1e-2)
    var state = optimizer.initialState(for: network)
    optimizer.update(&network, gradient: slope, state: &state)
    print(loss.shape, slope.layers[0].weight.shape)  // [] [2, 16]
    // END tensor example

    #expect(slope.leaves.allSatisfy(\.isFinite) && slope.layers[0].weight.norm().item > 0)
    let example = try DocumentedExample("tensor example")
    example.requirePrinted(output.lines)
    try example.requireShown(in: "README.md", preamble: ["import Argmin", ""])
  }
}
