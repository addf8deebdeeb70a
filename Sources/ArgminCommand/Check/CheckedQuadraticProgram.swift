import Argmin

/// The check of a quadratic program.
struct CheckedQuadraticProgram: CheckedProgram {
  let program: QuadraticProgram
  /// Whether the problem has no quadratic term: nothing to perturb then.
  let isLinear: Bool
  let settings: QuadraticProgramSettings
  let data: [CheckedDatum]

  init(_ program: QuadraticProgram, isLinear: Bool, settings: QuadraticProgramSettings) {
    self.program = program
    self.isLinear = isLinear
    self.settings = settings
    data =
      (isLinear ? [] : [CheckedDatum(name: "Q", symmetric: program.Q)]) + [
        CheckedDatum(name: "p", program.p), CheckedDatum(name: "G", program.G),
        CheckedDatum(name: "h", program.h), CheckedDatum(name: "A", program.A),
        CheckedDatum(name: "b", program.b),
      ]
  }

  var parts: [Int] { [program.variables, program.inequalities, program.equalities] }
  var size: Int { program.variables + program.inequalities + program.equalities }

  func solve() throws -> Solved {
    Solved(solution: try program.solve(settings: settings), program: program)
  }

  func solutions(
    replacing datum: CheckedDatum, items: Int, numbers: [Double]
  ) throws -> [[Double]] {
    func matrix(_ name: String, _ matrix: Matrix) -> BatchedMatrix {
      name == datum.name
        ? BatchedMatrix(
          items: items, rows: matrix.rows, columns: matrix.columns, elements: numbers)
        : BatchedMatrix(shared: matrix)
    }
    func vector(_ name: String, _ vector: Vector) -> BatchedVector {
      name == datum.name
        ? BatchedVector(items: items, count: vector.count, elements: numbers)
        : BatchedVector(shared: vector)
    }
    let solution = try QuadraticProgramBatch(
      items: items, Q: isLinear ? nil : matrix("Q", program.Q), p: vector("p", program.p),
      G: matrix("G", program.G), h: vector("h", program.h), A: matrix("A", program.A),
      b: vector("b", program.b)
    ).solve(settings: settings)
    return (0..<items).map { Solved(solution: solution[$0], program: program).numbers }
  }

  struct Solved: CheckedSolution {
    let solution: QuadraticProgramSolution
    let program: QuadraticProgram

    var status: SolveStatus { solution.status }

    var numbers: [Double] {
      let numbers = solution.x.array + solution.lambda.array + solution.nu.array
      return solution.status == .optimal ? numbers : numbers.map { _ in .nan }
    }

    func gradient(
      upstream: [[Double]]
    ) throws -> (data: [String: [Double]], certificate: DerivativeCertificate) {
      let gradient = try solution.vjp(
        x: Vector(upstream[0]), lambda: Vector(upstream[1]), nu: Vector(upstream[2]))
      return (
        [
          "Q": gradient.Q.array, "p": gradient.p.array, "G": gradient.G.array,
          "h": gradient.h.array, "A": gradient.A.array, "b": gradient.b.array,
        ], gradient.certificate
      )
    }

    func tangent(_ datum: CheckedDatum, direction: [Double]) throws -> [Double] {
      func matrix(_ name: String, rows: Int) -> Matrix? {
        guard name == datum.name else { return nil }
        return BatchedMatrix(
          items: 1, rows: rows, columns: program.variables, elements: direction)[0]
      }
      func vector(_ name: String) -> Vector? { name == datum.name ? Vector(direction) : nil }
      let tangent = try solution.jvp(
        Q: matrix("Q", rows: program.variables), p: vector("p"),
        G: matrix("G", rows: program.inequalities), h: vector("h"),
        A: matrix("A", rows: program.equalities), b: vector("b"))
      return tangent.x.array + tangent.lambda.array + tangent.nu.array
    }
  }
}
