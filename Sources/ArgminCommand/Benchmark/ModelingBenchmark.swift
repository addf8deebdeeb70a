import Argmin
import ConvexModeling
import Foundation
import ProblemFiles

/// Times what the modelling language adds: building a problem, and calls of its layer forward and backward.
/// The data come from a simple generator that the peers' scripts repeat.
struct ModelingBenchmark {
  /// A problem, its parameters and their values.
  struct Task {
    /// Builds the layer and names the variable whose value is the result.
    let build: () throws -> (ProblemLayer, Variable)
    /// The values of the parameters; empty if only building is timed.
    let values: [Tensor]
  }

  /// Seconds of each repetition, and what was found.
  struct Result {
    let name: String
    let buildSeconds: [Double]
    var forwardSeconds: [Double] = []
    var backwardSeconds: [Double] = []
    var solution: [Double] = []
    var gradients: [[Double]] = []
  }

  /// A cell of the table.
  struct Cell: Sendable {
    let name: String
    let task: @Sendable () -> Task
  }

  static let cells: [Cell] =
    [100, 400, 1000, 4000].map { n in Cell(name: "build-\(n)") { leastSquares(n) } } + [
      Cell(name: "small-10", task: smallProgram), Cell(name: "dense-128", task: denseProgram),
      Cell(name: "sparse-1024", task: sparseProgram),
      Cell(name: "logistic-100x20", task: logisticRegression),
      Cell(name: "control-4x2", task: stochasticControl),
    ] + problems

  static func run(_ cell: Cell) throws -> Result {
    let (name, cell) = (cell.name, cell.task())
    let clock = ContinuousClock()
    var built: (layer: ProblemLayer, variable: Variable)?
    let start = clock.now
    var buildSeconds: [Double] = []
    while buildSeconds.isEmpty || (buildSeconds.count < 7 && clock.now - start < .seconds(3)) {
      buildSeconds.append(try clock.measure { built = try cell.build() } / .seconds(1))
    }
    var result = Result(name: name, buildSeconds: buildSeconds)
    guard let (layer, variable) = built, !cell.values.isEmpty else { return result }
    for repetition in 0..<8 {
      var forward = Duration.zero
      let (solution, pullback) = try clock.measured(into: &forward) {
        try vjp(at: cell.values) { try layer($0)[variable] }
      }
      var gradients: [Tensor] = []
      let backward = clock.measure { gradients = pullback(Tensor.ones(like: solution)) }
      if repetition == 0 { continue }
      result.forwardSeconds.append(forward / .seconds(1))
      result.backwardSeconds.append(backward / .seconds(1))
      result.solution = solution.scalars
      result.gradients = gradients.map(\.scalars)
    }
    return result
  }

  // MARK: - The problems

  /// Nonnegative least squares with a dense parameter of order n; only built.
  @Sendable private static func leastSquares(_ n: Int) -> Task {
    Task(
      build: {
        let x = Variable(n), A = Parameter(n, n), b = Parameter(n)
        let problem = try Problem(.minimize(sumSquares(A * x - b))) { x >= 0 }
        return (try problem.layer(parameters: [A, b]), x)
      }, values: [])
  }

  /// Ten variables, solved for one set of parameters: what a call costs besides the solver.
  @Sendable private static func smallProgram() -> Task {
    var random = SimpleGenerator(seed: 5)
    return Task(
      build: {
        let x = Variable(10), G = Parameter(5, 10), p = Parameter(10)
        let problem = try Problem(.minimize(0.5 * sumSquares(x) + dot(p, x))) { G * x <= 1 }
        return (try problem.layer(parameters: [G, p]), x)
      }, values: [random.tensor(5, 10), random.tensor(10)])
  }

  /// The dense quadratic program of Agrawal et al. (2019), figure 3.
  @Sendable private static func denseProgram() -> Task {
    var random = SimpleGenerator(seed: 1)
    let (n, batch) = (128, 128)
    return Task(
      build: {
        let x = Variable(n)
        let F = Parameter(n, n), q = Parameter(n), G = Parameter(n, n), h = Parameter(n)
        let problem = try Problem(.minimize(0.5 * sumSquares(F * x) + dot(q, x))) { G * x <= h }
        return (try problem.layer(parameters: [F, q, G, h]), x)
      },
      values: [
        random.tensor(n, n) * 0.1 + Tensor.identity(n), random.tensor(batch, n),
        random.tensor(n, n), random.tensor(batch, n) * 0.1 + 1,
      ])
  }

  /// The sparse quadratic program of the same figure: 1024 variables, inequalities and equalities, density 0.01.
  @Sendable private static func sparseProgram() -> Task {
    var random = SimpleGenerator(seed: 2)
    let (n, batch) = (1024, 32)
    let (G, A) = (random.sparse(n), random.sparse(n))
    let q = random.tensor(batch, n)
    // Feasible: around a random point, with slack between 0 and 1. The equalities leave no other point.
    var (h, b): ([Double], [Double]) = ([], [])
    for _ in 0..<batch {
      let inside = Vector(random.numbers(n))
      h += (G * inside).array.map { $0 + random.uniform() }
      b += (A * inside).array
    }
    return Task(
      build: {
        let x = Variable(n), q = Parameter(n), h = Parameter(n), b = Parameter(n)
        let problem = try Problem(.minimize(0.5 * sumSquares(x) + dot(q, x))) {
          G * x <= h
          A * x == b
        }
        return (try problem.layer(parameters: [q, h, b]), x)
      },
      values: [q, Tensor(h, shape: [batch, n]), Tensor(b, shape: [batch, n])])
  }

  /// Logistic regression, 100 points with 20 features.
  @Sendable private static func logisticRegression() -> Task {
    var random = SimpleGenerator(seed: 3)
    let (m, n, batch) = (100, 20, 16)
    let X = random.tensor(batch, m, n)
    let labels = (0..<m).map { _ in random.uniform() < 0.5 ? -1.0 : 1.0 }
    return Task(
      build: {
        let w = Variable(n), X = Parameter(m, n), weight = Parameter(sign: .nonnegative)
        let loss = sum(logistic(-multiply(labels, X * w)))
        let problem = try Problem(.minimize(loss + weight * sumSquares(w)))
        return (try problem.layer(parameters: [X, weight]), w)
      }, values: [X, Tensor(0.5)])
  }

  /// The control policy of the same paper's table 1: one step with a quadratic value function, inputs in a ball.
  @Sendable private static func stochasticControl() -> Task {
    var random = SimpleGenerator(seed: 4)
    let (n, m, batch) = (4, 2, 32)
    let A = Matrix(rows: n, columns: n, elements: random.numbers(n * n).map { 0.5 * $0 })
    let B = Matrix(rows: n, columns: m, elements: random.numbers(n * m))
    return Task(
      build: {
        let next = Variable(n), u = Variable(m)
        let x = Parameter(n), F = Parameter(n, n)
        let problem = try Problem(.minimize(sumSquares(F * next) + sumSquares(u))) {
          next == A * x + B * u
          norm2(u) <= 0.5
        }
        return (try problem.layer(parameters: [x, F]), u)
      }, values: [random.tensor(batch, n), random.tensor(n, n) * 0.3 + Tensor.identity(n)])
  }
}

/// A linear congruential generator (the constants of Knuth's MMIX, the upper 32 bits) whose numbers are easy
/// to repeat elsewhere.
private struct SimpleGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// Uniform in [0, 1).
  mutating func uniform() -> Double {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Double(state >> 32) / 4_294_967_296
  }

  /// Nearly normal: the sum of twelve uniform numbers less six.
  mutating func numbers(_ count: Int) -> [Double] {
    (0..<count).map { _ in
      var sum = -6.0
      for _ in 0..<12 { sum += uniform() }
      return sum
    }
  }

  mutating func tensor(_ shape: Int...) -> Tensor {
    Tensor(numbers(shape.reduce(1, *)), shape: shape)
  }

  /// A random matrix of density 0.01 plus the identity.
  mutating func sparse(_ n: Int) -> SparseMatrix {
    var (rows, columns, values) = (Array(0..<n), Array(0..<n), [Double](repeating: 1, count: n))
    for row in 0..<n {
      for column in 0..<n where uniform() < 0.01 {
        rows.append(row)
        columns.append(column)
        values.append(numbers(1)[0])
      }
    }
    return SparseMatrix(rows: n, columns: n, row: rows, column: columns, values: values)
  }
}

extension ContinuousClock {
  fileprivate func measured<T>(into duration: inout Duration, _ body: () throws -> T) rethrows -> T
  {
    let start = now
    let result = try body()
    duration = now - start
    return result
  }
}

extension ModelingBenchmark.Result {
  func write(to json: inout JSONWriter) {
    json.object(for: name) { json in
      json.write(buildSeconds, for: "buildSeconds")
      json.write(forwardSeconds, for: "forwardSeconds")
      json.write(backwardSeconds, for: "backwardSeconds")
      json.write(solution, for: "x")
      json.list(for: "gradients") { json in
        for gradient in gradients { json.write(gradient) }
      }
    }
  }

  /// Name and median times of building, forward and backward.
  var row: [String] {
    [name]
      + [buildSeconds, forwardSeconds, backwardSeconds].map {
        $0.isEmpty ? "" : NumberText.duration($0.median)
      }
  }
}
