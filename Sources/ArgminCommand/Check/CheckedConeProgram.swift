import Argmin

/// The check of a cone program.
struct CheckedConeProgram: CheckedProgram {
  let program: ConeProgram
  /// The program as a batch that other numbers are put into.
  private let batch: ConeProgramBatch
  let settings: ConeProgramSettings
  let data: [CheckedDatum]

  init(_ program: ConeProgram, settings: ConeProgramSettings) throws {
    self.program = program
    self.settings = settings
    batch = try ConeProgramBatch(
      P: program.P.map(BatchedSparseMatrix.init(shared:)), c: BatchedVector(shared: program.c),
      A: BatchedSparseMatrix(shared: program.A), b: BatchedVector(shared: program.b),
      cones: program.cones)
    data =
      (program.P.map { [CheckedDatum(name: "P", symmetric: $0)] } ?? []) + [
        CheckedDatum(name: "c", program.c), CheckedDatum(name: "A", program.A),
        CheckedDatum(name: "b", program.b),
      ]
  }

  var parts: [Int] { [program.variables, program.rows, program.rows] }
  var size: Int { program.variables + program.rows }

  func solve() throws -> Solved { Solved(solution: try program.solve(settings: settings)) }

  func solutions(
    replacing datum: CheckedDatum, items: Int, numbers: [Double]
  ) throws -> [[Double]] {
    func part(_ name: String) -> BatchedVector? {
      guard name == datum.name else { return nil }
      return BatchedVector(items: items, count: datum.numbers.count, elements: numbers)
    }
    let solution = try batch.updating(
      items: items, P: part("P"), c: part("c"), A: part("A"), b: part("b")
    ).solve(settings: settings)
    return (0..<items).map { Solved(solution: solution[$0]).numbers }
  }

  struct Solved: CheckedSolution {
    let solution: ConeProgramSolution

    var status: SolveStatus { solution.status }

    var numbers: [Double] {
      let numbers = solution.x.array + solution.y.array + solution.s.array
      return solution.status == .optimal ? numbers : numbers.map { _ in .nan }
    }

    func gradient(
      upstream: [[Double]]
    ) throws -> (data: [String: [Double]], certificate: DerivativeCertificate) {
      let gradient = try solution.vjp(
        x: Vector(upstream[0]), y: Vector(upstream[1]), s: Vector(upstream[2]))
      var data = [
        "c": gradient.c.array, "A": gradient.A.values.array, "b": gradient.b.array,
      ]
      if let P = gradient.P { data["P"] = P.values.array }
      return (data, gradient.certificate)
    }

    func tangent(_ datum: CheckedDatum, direction: [Double]) throws -> [Double] {
      func part(_ name: String) -> BatchedVector? {
        name == datum.name ? BatchedVector(shared: Vector(direction)) : nil
      }
      let tangent = try solution.jvp(
        ConeProgramPerturbation(P: part("P"), c: part("c"), A: part("A"), b: part("b")))
      return tangent.x.array + tangent.y.array + tangent.s.array
    }
  }
}
