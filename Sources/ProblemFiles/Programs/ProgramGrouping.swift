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

  func groups(of problems: [ProgramData]) throws(ProblemFileError) -> [ProblemGroup] {
    var indices: [ProgramShape: [Int]] = [:]
    var shapes: [ProgramShape] = []
    for (index, problem) in problems.enumerated() {
      let shape = try shape(of: problem, index: index)
      if indices[shape, default: []].isEmpty { shapes.append(shape) }
      indices[shape, default: []].append(index)
    }
    var groups: [ProblemGroup] = []
    for shape in shapes {
      groups.append(try group(shape, indices: indices[shape] ?? [], of: problems))
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
    _ shape: ProgramShape, indices: [Int], of problems: [ProgramData]
  ) throws(ProblemFileError) -> ProblemGroup {
    func matrix(_ datum: (ProgramData) -> Located<Matrix>?) -> BatchedMatrix? {
      if let shared = shared.flatMap(datum) {
        return shared.value.rows > 0 ? BatchedMatrix(shared: shared.value) : nil
      }
      let matrices = indices.compactMap { datum(problems[$0])?.value }
      guard matrices.count == indices.count, matrices[0].rows > 0 else { return nil }
      return matrices.count == 1 ? BatchedMatrix(single: matrices[0]) : BatchedMatrix(matrices)
    }
    func vector(_ datum: (ProgramData) -> Located<Vector>?) -> BatchedVector? {
      if let shared = shared.flatMap(datum) {
        return shared.value.count > 0 ? BatchedVector(shared: shared.value) : nil
      }
      let vectors = indices.compactMap { datum(problems[$0])?.value }
      guard vectors.count == indices.count, vectors[0].count > 0 else { return nil }
      return vectors.count == 1 ? BatchedVector(single: vectors[0]) : BatchedVector(vectors)
    }
    do {
      let batch = try QuadraticProgramBatch(
        items: indices.count, Q: matrix { $0.Q }, p: vector { $0.p }!, G: matrix { $0.G },
        h: vector { $0.h }, A: matrix { $0.A }, b: vector { $0.b })
      return ProblemGroup(indices: indices, batch: batch, isLinear: shape.isLinear)
    } catch {
      let index = indices[error.item ?? 0]
      guard let datum = error.argument.flatMap(ProblemDatum.init(rawValue:)) else {
        throw ProblemFileError(.unsupported, file: text.name, reason: error.reason)
      }
      throw self.error(datum, index, in: problems[index], error.reason)
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
