import LinearAlgebra

/// A size and a seed, named in the report of a failing test.
package struct RandomCase: Sendable, CustomStringConvertible {
  package let size: Int
  package let seed: UInt64

  package init(size: Int, seed: UInt64) {
    self.size = size
    self.seed = seed
  }

  package var description: String { "n=\(size) seed=\(seed)" }
  package var generator: SeededGenerator { SeededGenerator(seed: seed) }

  /// All pairs of the sizes and a few seeds.
  package static func all(sizes: [Int], seeds: ClosedRange<UInt64> = 1...3) -> [RandomCase] {
    sizes.flatMap { size in seeds.map { RandomCase(size: size, seed: $0) } }
  }
}

extension SeededGenerator {
  /// A matrix with orthonormal columns, by Gram and Schmidt, twice; `columns <= rows`.
  package mutating func orthonormal(_ rows: Int, _ columns: Int) -> Matrix {
    var result: [[Double]] = []
    while result.count < columns {
      var candidate = (0..<rows).map { _ in normal() }
      for _ in 0..<2 {
        for row in result {
          let product = zip(row, candidate).reduce(0) { $0 + $1.0 * $1.1 }
          for index in 0..<rows { candidate[index] -= product * row[index] }
        }
        let length = candidate.reduce(0) { $0 + $1 * $1 }.squareRoot()
        for index in 0..<rows { candidate[index] /= length }
      }
      result.append(candidate)
    }
    return result.isEmpty ? Matrix(rows: rows, columns: 0) : Matrix(result).transpose
  }

  /// The symmetric matrix with the given eigenvalues and random eigenvectors.
  package mutating func symmetric(eigenvalues: [Double]) -> Matrix {
    let n = eigenvalues.count
    let vectors = orthonormal(n, n)
    var result = Matrix(rows: n, columns: n)
    for i in 0..<n {
      for j in 0...i {
        var sum = 0.0
        for k in 0..<n { sum += vectors[i, k] * eigenvalues[k] * vectors[j, k] }
        result[i, j] = sum
        result[j, i] = sum
      }
    }
    return result
  }

  /// A symmetric positive definite matrix with eigenvalues from 1 down to 1 / `condition`.
  package mutating func positiveDefinite(_ n: Int, condition: Double = 100) -> Matrix {
    symmetric(
      eigenvalues: (0..<n).map { n == 1 ? 1 : 1 - (1 - 1 / condition) * Double($0) / Double(n - 1) }
    )
  }

  /// A matrix of the given rank whose other singular values are zero up to rounding.
  package mutating func matrix(_ rows: Int, _ columns: Int, rank: Int) -> Matrix {
    let left = orthonormal(rows, rank)
    let right = orthonormal(columns, rank)
    var result = Matrix(rows: rows, columns: columns)
    for i in 0..<rows {
      for j in 0..<columns {
        for k in 0..<rank { result[i, j] += left[i, k] * right[j, k] / Double(k + 1) }
      }
    }
    return result
  }
}
