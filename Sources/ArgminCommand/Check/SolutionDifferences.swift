import Argmin

/// A solution as one list of numbers, and a linear function of it.
struct SolutionPoint {
  let values: [Double]
  let upstream: [Double]

  init(_ values: [Double], upstream: [[Double]]) {
    self.values = values
    self.upstream = upstream.flatMap { $0 }
  }

  /// The linear function of a change of the solution.
  func linear(_ change: [Double]) -> Double {
    zip(upstream, change).reduce(0) { $0 + $1.0 * $1.1 }
  }

  var upstreamNorm: Double { upstream.reduce(0) { $0 + $1 * $1 }.squareRoot() }
}

/// Finite differences of a solution: the data are moved one entry at a time, and the moved problems are
/// solved as a batch.
struct SolutionDifferences<Program: CheckedProgram> {
  let program: Program
  let base: SolutionPoint

  /// The difference quotients of one entry; NaN where a moved problem was not solved.
  struct Difference {
    let reverse: Double
    let forward: [Double]
  }

  /// The numbers of a datum in one batch of moved problems: more would only cost memory.
  private var largestBatch: Int { 4_000_000 }

  func differences(
    _ entries: [DatumEntry], of datum: CheckedDatum, relativeStep: Double
  ) throws -> [Difference] {
    let size = max(datum.numbers.count, base.values.count)
    let chunk = max(1, largestBatch / (2 * size))
    var result: [Difference] = []
    for start in stride(from: 0, to: entries.count, by: chunk) {
      let part = Array(entries[start..<min(start + chunk, entries.count)])
      if datum.isSemidefinite {
        do {
          result += try central(part, of: datum, relativeStep)
        } catch ProblemError.notPositiveSemidefinite {
          // The matrix lies on the boundary of the semidefinite ones.
          result += try oneSided(part, of: datum, relativeStep)
        }
      } else {
        result += try central(part, of: datum, relativeStep)
      }
    }
    return result
  }

  /// (f(t) - f(-t)) / 2t.
  private func central(
    _ entries: [DatumEntry], of datum: CheckedDatum, _ relativeStep: Double
  ) throws -> [Difference] {
    let points = try solve(
      entries.flatMap { entry in
        [1.0, -1.0].map { [Move(entry.place, by: $0 * relativeStep * entry.scale)] }
      }, of: datum)
    return entries.enumerated().map { index, entry in
      let step = 2 * relativeStep * entry.scale
      return difference(zip(points[2 * index], points[2 * index + 1]).map { ($0 - $1) / step })
    }
  }

  /// For Q: (-3 f(0) + 4 f(t) - f(2t)) / 2t along e_i e_iᵀ and (e_i + e_j)(e_i + e_j)ᵀ, which keep Q
  /// semidefinite. What the diagonal contributes to the latter is taken off.
  private func oneSided(
    _ entries: [DatumEntry], of datum: CheckedDatum, _ relativeStep: Double
  ) throws -> [Difference] {
    func moves(_ entry: DatumEntry, _ step: Double) -> [[Move]] {
      let own = Move(entry.place, by: step)
      let diagonals = entry.place.diagonals.map { Move(CheckedDatum.Place(index: $0), by: step) }
      return diagonals.isEmpty ? [[own]] : diagonals.map { [$0] } + [diagonals + [own]]
    }
    let list = entries.flatMap { entry in
      [1.0, 2.0].flatMap { moves(entry, $0 * relativeStep * entry.scale) }
    }
    let points = try solve(list, of: datum)
    var next = 0
    return entries.map { entry in
      let count = entry.place.diagonals.isEmpty ? 1 : 3
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

  /// A change of one number, of a symmetric matrix together with its mirror image.
  private struct Move {
    let place: CheckedDatum.Place
    let change: Double

    init(_ place: CheckedDatum.Place, by change: Double) {
      self.place = place
      self.change = change
    }
  }

  /// The solutions with the datum moved; NaN where there is none.
  private func solve(_ moves: [[Move]], of datum: CheckedDatum) throws -> [[Double]] {
    var numbers: [Double] = []
    numbers.reserveCapacity(moves.count * datum.numbers.count)
    for moved in moves {
      let start = numbers.count
      numbers += datum.numbers
      for move in moved {
        numbers[start + move.place.index] += move.change
        if let mirror = move.place.mirror { numbers[start + mirror] += move.change }
      }
    }
    return try program.solutions(replacing: datum, items: moves.count, numbers: numbers)
  }
}
