import Argmin
import ConvexModeling
import Testing

/// The examples of amortization, of the README and of the guide.
@Suite struct AmortizationExampleTests {
  @Test func amortizationExample() throws {
    var output = Output()
    func print(_ items: Any...) { output.append(items) }

    // BEGIN amortization example
    // A cart is to be brought to rest: forces of at most 1 in the next 15 steps, from position and velocity.
    let start = Parameter(2), states = Variable(16, 2), forces = Variable(15, 1)
    let controller = try Problem(.minimize(sumSquares(states) + 0.1 * sumSquares(forces))) {
      states[0] == start
      for t in 0..<15 {
        states[t + 1] == Tensor([[1, 0.2], [0, 1]]) * states[t] + Tensor([[0.02], [0.2]])
          * forces[t]
      }
      forces <= 1
      forces >= -1
    }.layer(parameters: [start])

    // Solve examples, learn to predict the solver's states, and start the solver from predictions.
    let keys = RandomKey(seed: 1).split(into: 4)
    let contexts = Contexts<[Tensor]>("states") { count, key in [key.normal([count, 2]) * 2] }
    let solved = try SolvedSet(of: controller, over: contexts, count: 2000, key: keys[0])
    var model = try StatePredictor(for: controller, from: solved, key: keys[1])
    try Trainer(Adam(learningRate: 1e-3), for: .epochs(60)).train(
      &model, of: controller, over: solved.batches(of: 64, key: keys[2]), loss: .regression)
    let fast = try AmortizedSolver(
      model, of: controller, guardedBy: .budget(), coldStarts: solved)

    let answer = try fast(contexts.sample(100, key: keys[3]))
    let saved = 1 - Double(answer.iterations.reduce(0, +)) / 100 / solved.meanIterations
    print(answer.unsolvedItems.isEmpty, answer.residuals.max()! < 1e-8)  // true true
    print(saved > 0.5)  // true
    // END amortization example

    let example = try DocumentedExample("amortization example")
    example.requirePrinted(output.lines)
    try example.requireShown(
      in: "README.md", preamble: ["import Argmin", "import ConvexModeling", ""])
  }

  @Test func methodExample() throws {
    let keys = RandomKey(seed: 1).split(into: 3)
    // BEGIN method example
    struct Alignment: ParametricProblem {  // the vector of length 1 nearest to x
      func value(of y: Tensor, for x: Tensor) -> Tensor { square(y - x).sum(axis: -1) }
    }

    var model = Predictor(MLP([3, 32, 3], key: keys[0], dtype: .float64), of: Alignment()) {
      network, x, _ in
      let y = network(x)
      return y / y.norm(.two, axis: -1).expandingAxis(-1)
    }
    let contexts = Contexts<Tensor>("normal") { count, key in key.normal([count, 3]) }
    try Trainer(Adam(learningRate: 3e-3), for: .steps(1000)).train(
      &model, of: Alignment(), over: contexts.batches(of: 64, key: keys[1]), loss: .objective)
    let y = model(contexts.sample(10, key: keys[2]), of: Alignment())  // [10, 3]
    // END method example
    let x = contexts.sample(10, key: keys[2])
    let exact = x / x.norm(.two, axis: -1).expandingAxis(-1)
    #expect((y - exact).norm(.two, axis: -1).mean().item < 0.2)
    let example = try DocumentedExample("method example")
    try example.requireShown(in: "Documentation/AmortizedOptimization.md")
  }
}
