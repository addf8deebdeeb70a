import Argmin
import ProblemFiles

/// A solution as one list of numbers, and a linear function of it.
struct SolutionPoint {
  /// x, lambda and nu.
  let values: [Double]
  let upstream: [Double]

  init(_ solution: QuadraticProgramSolution, upstream: [[Double]]) {
    values = solution.x.array + solution.lambda.array + solution.nu.array
    self.upstream = upstream.flatMap { $0 }
  }

  /// The linear function of a change of the solution.
  func linear(_ change: [Double]) -> Double {
    zip(upstream, change).reduce(0) { $0 + $1.0 * $1.1 }
  }

  var upstreamNorm: Double { upstream.reduce(0) { $0 + $1 * $1 }.squareRoot() }
}

/// Finite differences of a quadratic program's solution: the data are moved one entry at a time, and
/// the moved problems are solved as a batch.
struct SolutionDifferences {
  let program: QuadraticProgram
  /// Whether the problem has no quadratic term.
  let isLinear: Bool
  let settings: QuadraticProgramSettings
  let base: SolutionPoint

  /// The steps of the sweep, relative to the scale of the entry.
  static let relativeSteps = [1e-4, 1e-5, 1e-6, 1e-3, 1e-7]

  /// The difference quotients of one entry; NaN where a moved problem was not solved.
  struct Difference {
    let reverse: Double
    let forward: [Double]
  }

  /// The numbers of a datum in one batch of moved problems: more would only cost memory.
  private static let largestBatch = 4_000_000

  func differences(_ entries: [DatumEntry], relativeStep: Double) throws -> [Difference] {
    guard let datum = entries.first?.datum else { return [] }
    let size = max(program.elements(of: datum).elements.count, base.values.count)
    let chunk = max(1, Self.largestBatch / (2 * size))
    var result: [Difference] = []
    for start in stride(from: 0, to: entries.count, by: chunk) {
      let part = Array(entries[start..<min(start + chunk, entries.count)])
      if datum == .Q {
        do {
          result += try central(part, relativeStep)
        } catch ProblemError.notPositiveSemidefinite {
          // Q lies on the boundary of the semidefinite matrices.
          result += try oneSided(part, relativeStep)
        }
      } else {
        result += try central(part, relativeStep)
      }
    }
    return result
  }

  /// (f(t) - f(-t)) / 2t.
  private func central(_ entries: [DatumEntry], _ relativeStep: Double) throws -> [Difference] {
    let points = try solve(
      entries.flatMap { entry in
        [1.0, -1.0].map { [Move(entry, by: $0 * relativeStep * entry.scale)] }
      }, datum: entries[0].datum)
    return entries.enumerated().map { index, entry in
      let step = 2 * relativeStep * entry.scale
      return difference(zip(points[2 * index], points[2 * index + 1]).map { ($0 - $1) / step })
    }
  }

  /// For Q: (-3 f(0) + 4 f(t) - f(2t)) / 2t along e_i e_iᵀ and (e_i + e_j)(e_i + e_j)ᵀ, which keep Q
  /// semidefinite. What the diagonal contributes to the latter is taken off.
  private func oneSided(_ entries: [DatumEntry], _ relativeStep: Double) throws -> [Difference] {
    func moves(_ entry: DatumEntry, _ step: Double) -> [[Move]] {
      let i = Move(row: entry.row, column: entry.row, by: step)
      if entry.row == entry.column { return [[i]] }
      let j = Move(row: entry.column, column: entry.column, by: step)
      return [[i], [j], [i, j, Move(entry, by: step)]]
    }
    let list = entries.flatMap { entry in
      [1.0, 2.0].flatMap { moves(entry, $0 * relativeStep * entry.scale) }
    }
    let points = try solve(list, datum: .Q)
    var next = 0
    return entries.map { entry in
      let count = entry.row == entry.column ? 1 : 3
      let step = 2 * relativeStep * entry.scale
      let slopes = (0..<count).map { direction in
        base.values.indices.map { k in
          (-3 * base.values[k] + 4 * points[next + direction][k]
            - points[next + count + direction][k]) / step
        }
      }
      next += 2 * count
      if count == 1 { return difference(slopes[0]) }
      return difference(
        base.values.indices.map { slopes[2][$0] - slopes[0][$0] - slopes[1][$0] })
    }
  }

  private func difference(_ slope: [Double]) -> Difference {
    Difference(reverse: base.linear(slope), forward: slope)
  }

  // MARK: - Moved problems

  /// A change of one entry, of Q together with its mirror image.
  private struct Move {
    let row: Int
    let column: Int
    let change: Double

    init(row: Int, column: Int, by change: Double) {
      self.row = row
      self.column = column
      self.change = change
    }

    init(_ entry: DatumEntry, by change: Double) {
      self.init(row: entry.row, column: entry.column, by: change)
    }
  }

  /// The solutions with one datum moved, all other data shared; NaN where there is none.
  private func solve(_ moves: [[Move]], datum: ProblemDatum) throws -> [[Double]] {
    let original = program.elements(of: datum)
    var elements: [Double] = []
    elements.reserveCapacity(moves.count * original.elements.count)
    for moved in moves {
      let start = elements.count
      elements += original.elements
      for move in moved {
        elements[start + move.row * original.columns + move.column] += move.change
        if datum == .Q && move.row != move.column {
          elements[start + move.column * original.columns + move.row] += move.change
        }
      }
    }
    let solution = try batch(
      items: moves.count, datum: datum, elements: elements, shape: original
    ).solve(settings: settings)
    return moves.indices.map { item in
      guard solution.status[item] == .optimal else {
        return [Double](repeating: .nan, count: base.values.count)
      }
      return solution.x[item].array + solution.lambda[item].array + solution.nu[item].array
    }
  }

  private func batch(
    items: Int, datum: ProblemDatum, elements: [Double], shape: DatumArray
  ) throws -> QuadraticProgramBatch {
    func matrix(_ name: ProblemDatum, _ matrix: Matrix) -> BatchedMatrix {
      name == datum
        ? BatchedMatrix(
          items: items, rows: shape.rows, columns: shape.columns, elements: elements)
        : BatchedMatrix(shared: matrix)
    }
    func vector(_ name: ProblemDatum, _ vector: Vector) -> BatchedVector {
      name == datum
        ? BatchedVector(items: items, count: shape.rows, elements: elements)
        : BatchedVector(shared: vector)
    }
    return try QuadraticProgramBatch(
      items: items, Q: isLinear ? nil : matrix(.Q, program.Q), p: vector(.p, program.p),
      G: matrix(.G, program.G), h: vector(.h, program.h), A: matrix(.A, program.A),
      b: vector(.b, program.b))
  }
}
