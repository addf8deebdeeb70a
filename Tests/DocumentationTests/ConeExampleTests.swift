import Argmin
import Testing

/// The examples of the guide about cone programs.
@Suite struct ConeExampleTests {
  private static let page = "Documentation/ConePrograms.md"

  @Test func disc() throws {
    var output = Output()
    func print(_ items: Any...) { output.append(items.map(Self.rounded)) }

    // BEGIN disc
    // minimize 3 x₁ + 4 x₂ over the disc of radius 1: (1, x₁, x₂) in the second-order cone
    let A = SparseMatrix([[0, 0], [-1, 0], [0, -1]])
    let program = try ConeProgram(
      c: [3, 4], A: A, b: [1, 0, 0], cones: ConeProduct(secondOrder: [3]))
    let solution = try program.solve()
    print(solution.status.rawValue)  // optimal
    print(solution.x)  // [-0.6, -0.8]
    print(solution.objective)  // -5.0

    // The gradient of x₁ with respect to the data, and how far it can be trusted.
    let sensitivity = try solution.vjp(x: [1, 0])
    print(sensitivity.b)  // [-0.6, -1.0, 0.0]: radius and center
    print(sensitivity.certificate.kind)  // exact
    // END disc

    let example = try DocumentedExample("disc")
    example.requirePrinted(output.lines)
    try example.requireShown(in: Self.page)
  }

  @Test func infeasible() throws {
    var output = Output()
    func print(_ items: Any...) { output.append(items.map(Self.rounded)) }

    // BEGIN infeasible
    // x ≤ -1 and x ≥ 1
    let program = try ConeProgram(
      c: [1], A: SparseMatrix([[1], [-1]]), b: [-1, -1], cones: ConeProduct(nonnegative: 2))
    let solution = try program.solve()
    print(solution.status.rawValue)  // primal infeasible
    if case .primalInfeasible(let y)? = solution.ray {
      print(y)  // [0.5, 0.5]: adds the rows up to 0 ≤ -1
    }
    // END infeasible

    let example = try DocumentedExample("infeasible")
    // `print` stands in a condition, further to the right.
    #expect(output.lines == ["primal infeasible", "[0.5, 0.5]"])
    try example.requireShown(in: Self.page)
  }

  @Test func again() throws {
    let A = SparseMatrix([[0, 0], [-1, 0], [0, -1]])
    let program = try ConeProgram(
      c: [3, 4], A: A, b: [1, 0, 0], cones: ConeProduct(secondOrder: [3]))
    let solution = try program.solve()
    var output = Output()
    func print(_ items: Any...) { output.append(items.map(Self.rounded)) }

    // BEGIN again
    // The same patterns with other numbers, starting from what is known.
    let moved = try program.updating(c: [4, 3])
    let next = try moved.solve(warmStart: ConeProgramWarmStart(solution))
    print(next.x)  // [-0.8, -0.6]
    // END again

    let example = try DocumentedExample("again")
    example.requirePrinted(output.lines)
    try example.requireShown(in: Self.page)
  }

  @Test func coneLayer() throws {
    var output = Output()
    func print(_ items: Any...) { output.append(items.map(Self.rounded)) }

    // BEGIN cone layer
    let pattern = SparseMatrix([[0, 0], [-1, 0], [0, -1]]).pattern
    let layer = try ConeProgramLayer(A: pattern, cones: ConeProduct(secondOrder: [3]))

    // Two objectives; A (by its entries) and b are shared.
    let c = Tensor([[3, 4], [0, 2]])
    let slope = try gradient(at: c) { c in
      try layer(c: c, A: Tensor([-1, -1]), b: Tensor([1, 0, 0])).x.slice(axis: 1, 0..<1).sum()
    }
    print(slope.scalars)  // [-0.128, 0.096, -0.5, 0.0]

    // The Hessian of the optimal value along a direction.
    let curvature = try hessianVectorProduct(at: c, along: Tensor([[1, 0], [1, 0]])) { c in
      (try layer(c: c, A: Tensor([-1, -1]), b: Tensor([1, 0, 0])).x * c).sum()
    }.product
    print(curvature.scalars)  // [-0.128, 0.096, -0.5, 0.0]
    // END cone layer

    let example = try DocumentedExample("cone layer")
    example.requirePrinted(output.lines)
    try example.requireShown(in: Self.page)
  }

  /// Numbers to eight places.
  private static func rounded(_ item: Any) -> Any {
    func short(_ value: Double) -> Double { (value * 1e8).rounded() / 1e8 }
    switch item {
    case let value as Double: return short(value)
    case let values as Vector: return values.map(short)
    case let values as [Double]: return values.map(short)
    default: return item
    }
  }
}
