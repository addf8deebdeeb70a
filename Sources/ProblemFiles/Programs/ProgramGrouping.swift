import ConvexSolvers
import LinearAlgebra
import OptimizationCore

/// Puts the problems of a file together by shape, and checks them.
struct ProgramGrouping {
  /// A linear program takes the room of its zero quadratic term: more numbers than this are refused.
  static let largestDenseCount = 60_000_000

  let text: TextBytes
  let shared: ProgramData?
  let isBatch: Bool
  /// The data that `shared` has.
  let sharedData: [ProblemDatum]

  init(text: TextBytes, shared: ProgramData?, isBatch: Bool) {
    self.text = text
    self.shared = shared
    self.isBatch = isBatch
    sharedData = ProblemDatum.allCases.filter { shared?.position(of: $0) != nil }
  }

  /// The groups of the problems, which stand in the file at these indices.
  func groups(
    of problems: [(index: Int, data: ProgramData)]
  ) throws(ProblemFileError) -> [ProblemGroup] {
    var places: [ProgramShape: [Int]] = [:]
    var shapes: [ProgramShape] = []
    for (place, problem) in problems.enumerated() {
      let shape = try shape(of: problem.data, index: problem.index)
      if places[shape, default: []].isEmpty { shapes.append(shape) }
      places[shape, default: []].append(place)
    }
    var groups: [ProblemGroup] = []
    for shape in shapes {
      let members = (places[shape] ?? []).map { problems[$0] }
      groups.append(.quadratic(try group(shape, of: members)))
    }
    return groups
  }

  private func shape(
    of problem: ProgramData, index: Int
  ) throws(ProblemFileError) -> ProgramShape {
    for datum in sharedData {
      if let position = problem.position(of: datum) {
        throw error(
          .malformed, at: position, key(datum, index), "is given here and in shared")
      }
    }
    let shape: ProgramShape
    do {
      shape = try ProgramShape(problem, shared: shared)
    } catch {
      throw self.error(error.datum, index, in: problem, error.reason)
    }
    if shape.isLinear && shape.variables * shape.variables > Self.largestDenseCount {
      throw error(
        .unsupported, at: problem.position, isBatch ? "problems[\(index)]" : nil,
        "\(shape.variables) variables are too many for a dense problem")
    }
    return shape
  }

  private func group(
    _ shape: ProgramShape, of problems: [(index: Int, data: ProgramData)]
  ) throws(ProblemFileError) -> QuadraticGroup {
    func matrix(_ datum: (ProgramData) -> Located<Matrix>?) -> BatchedMatrix? {
      if let shared = shared.flatMap(datum) {
        return shared.value.rows > 0 ? BatchedMatrix(shared: shared.value) : nil
      }
      let matrices = problems.compactMap { datum($0.data)?.value }
      guard matrices.count == problems.count, matrices[0].rows > 0 else { return nil }
      return matrices.count == 1 ? BatchedMatrix(single: matrices[0]) : BatchedMatrix(matrices)
    }
    func vector(_ datum: (ProgramData) -> Located<Vector>?) -> BatchedVector? {
      if let shared = shared.flatMap(datum) {
        return shared.value.count > 0 ? BatchedVector(shared: shared.value) : nil
      }
      let vectors = problems.compactMap { datum($0.data)?.value }
      guard vectors.count == problems.count, vectors[0].count > 0 else { return nil }
      return vectors.count == 1 ? BatchedVector(single: vectors[0]) : BatchedVector(vectors)
    }
    do {
      let batch = try QuadraticProgramBatch(
        items: problems.count, Q: matrix { $0.Q }, p: vector { $0.p }!, G: matrix { $0.G },
        h: vector { $0.h }, A: matrix { $0.A }, b: vector { $0.b })
      return QuadraticGroup(
        indices: problems.map(\.index), batch: batch, isLinear: shape.isLinear)
    } catch {
      let problem = problems[error.item ?? 0]
      guard let datum = error.argument.flatMap(ProblemDatum.init(rawValue:)) else {
        throw ProblemFileError(.unsupported, file: text.name, reason: error.reason)
      }
      throw self.error(datum, problem.index, in: problem.data, error.reason)
    }
  }

  // MARK: - Errors

  /// An error in a datum of a problem, or in the shared one that it takes.
  private func error(
    _ datum: ProblemDatum, _ index: Int, in problem: ProgramData, _ reason: String
  ) -> ProblemFileError {
    if problem.position(of: datum) == nil, let position = shared?.position(of: datum) {
      return error(.invalid, at: position, "shared.\(datum)", reason)
    }
    return error(
      .invalid, at: problem.position(of: datum) ?? problem.position, key(datum, index), reason)
  }

  private func key(_ datum: ProblemDatum, _ index: Int) -> String {
    isBatch ? "problems[\(index)].\(datum)" : datum.rawValue
  }

  private func error(
    _ kind: ProblemFileError.Kind, at position: UnsafePointer<UInt8>, _ key: String?,
    _ reason: String
  ) -> ProblemFileError {
    ProblemFileError(
      kind, file: text.name, line: text.line(of: position), key: key, reason: reason)
  }
}
