import Argmin
import ArgminExperiments
import Foundation

/// The built-in timings: random problems that anyone can time again, for the seed is fixed.
struct BuiltInBenchmark {
  /// The size of the problems; its name is `n-m-e`.
  struct Size {
    let variables: Int
    let inequalities: Int
    let equalities: Int

    var name: String { "\(variables)-\(inequalities)-\(equalities)" }
  }

  static let sizes = [
    Size(variables: 10, inequalities: 5, equalities: 0),
    Size(variables: 10, inequalities: 10, equalities: 5),
    Size(variables: 50, inequalities: 50, equalities: 10),
    Size(variables: 100, inequalities: 100, equalities: 50),
    Size(variables: 128, inequalities: 128, equalities: 0),
  ]
  static let batches = [1, 32, 128]

  let size: Size
  let items: Int
  /// Whether Q, G and A are the same for all problems.
  let sharesMatrices: Bool

  func run(threads: Int?) throws -> BenchmarkTiming {
    var generator = SeededGenerator(seed: UInt64(size.variables * 1000 + size.inequalities))
    let matrixItems = sharesMatrices ? 1 : items
    func matrices(_ elements: [[Double]], rows: Int) -> BatchedMatrix {
      let matrices = elements.map { Matrix(rows: rows, columns: size.variables, elements: $0) }
      return sharesMatrices ? BatchedMatrix(shared: matrices[0]) : BatchedMatrix(matrices)
    }
    let n = size.variables
    let Q = (0..<matrixItems).map { _ in quadraticTerm(&generator) }
    let G = (0..<matrixItems).map { _ in generator.normals(size.inequalities * n) }
    let A = (0..<matrixItems).map { _ in generator.normals(size.equalities * n) }
    let p = generator.normals(items * n)
    // Feasible: around a random point, with slack between 0 and 1.
    var h: [Double] = []
    var b: [Double] = []
    for item in 0..<items {
      let matrixItem = sharesMatrices ? 0 : item
      let inside = generator.normals(n)
      h += product(G[matrixItem], inside).map { $0 + generator.uniform() }
      b += product(A[matrixItem], inside)
    }
    let batch = try QuadraticProgramBatch(
      items: items, Q: matrices(Q, rows: n), p: BatchedVector(items: items, count: n, elements: p),
      G: matrices(G, rows: size.inequalities),
      h: BatchedVector(items: items, count: size.inequalities, elements: h),
      A: matrices(A, rows: size.equalities),
      b: BatchedVector(items: items, count: size.equalities, elements: b))
    let upstream = BatchedVector(items: items, count: n, elements: generator.normals(items * n))
    return try BenchmarkTiming(batch, upstream: upstream, threads: threads)
  }

  /// M Mᵀ / n + I / 10, with M normal.
  private func quadraticTerm(_ generator: inout SeededGenerator) -> [Double] {
    let n = size.variables
    let factor = generator.normals(n * n)
    var Q = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0...i {
        var sum = i == j ? 0.1 * Double(n) : 0
        for k in 0..<n { sum += factor[i * n + k] * factor[j * n + k] }
        Q[i * n + j] = sum / Double(n)
        Q[j * n + i] = sum / Double(n)
      }
    }
    return Q
  }

  private func product(_ matrix: [Double], _ vector: [Double]) -> [Double] {
    stride(from: 0, to: matrix.count, by: vector.count).map { start in
      vector.indices.reduce(0) { $0 + matrix[start + $1] * vector[$1] }
    }
  }
}
