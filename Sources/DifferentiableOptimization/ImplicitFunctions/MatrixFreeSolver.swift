import Autodiff
import LinearAlgebra

/// Linear solvers that see the matrix through its products only, for a batch of independent systems: vectors
/// are `[items, length]`, and every item has step sizes of its own and stops by itself.
struct MatrixFreeSolver {
  /// From vectors v to A v, both `[items, length]`.
  let multiply: (Tensor) -> Tensor
  /// Products that were computed.
  private(set) var products = 0
  /// The largest relative residual at the end.
  private(set) var residual = 0.0
  /// The items along which conjugate gradients met a curvature that is not positive.
  private(set) var indefiniteItems: Set<Int> = []
  /// The items whose system has no solution: singular, as far as the method can tell.
  private(set) var singularItems: Set<Int> = []

  /// No relative residual below this is aimed at.
  let attainableTolerance: Double

  init(attainableTolerance: Double = 0, multiply: @escaping (Tensor) -> Tensor) {
    self.attainableTolerance = attainableTolerance
    self.multiply = multiply
  }

  mutating func solve(_ b: Tensor, by method: ImplicitLinearSolver) -> Tensor {
    if b.count == 0 { return b }
    let solution =
      switch method {
      case .conjugateGradients(let tolerance, let limit):
        conjugateGradients(b, max(tolerance, attainableTolerance), limit ?? Self.defaultLimit(b))
      case .minimalResiduals(let tolerance, let limit, let restart):
        minimalResiduals(
          b, max(tolerance, attainableTolerance), limit ?? Self.defaultLimit(b), restart: restart)
      case .neumann(let terms, let step): neumann(b, terms, step)
      case .dense: dense(b)
      }
    if b.isFinite && singularItems.isEmpty { return solution }
    var marks = [Double](repeating: 0, count: b.shape[0])
    for item in singularItems { marks[item] = .nan }
    // NaN stays in its item: 0 * (b - b) is NaN there and 0 elsewhere.
    return solution + ((b - b) * 0).sum(axis: 1, keepsAxis: true)
      + Tensor(marks, shape: [marks.count, 1])
  }

  /// Where a method can gain no more, a relative residual above this says that the system has no solution.
  private var singularResidual: Double { Swift.max(1e-6, 1000 * attainableTolerance) }

  private mutating func noteSingular(_ squares: [Double], relativeTo initial: [Double]) {
    let bound = singularResidual * singularResidual
    for item in squares.indices
    where initial[item].isFinite && !(squares[item] <= bound * initial[item]) {
      singularItems.insert(item)
    }
  }

  /// Rounding makes methods that end after `length` steps in theory take more.
  private static func defaultLimit(_ b: Tensor) -> Int { min(2 * b.shape[1] + 20, 10_000) }

  private mutating func product(_ v: Tensor) -> Tensor {
    products += 1
    return multiply(v)
  }

  private func inner(_ a: Tensor, _ b: Tensor) -> [Double] { (a * b).sum(axis: 1).scalars }

  private func scaled(_ v: Tensor, by factors: [Double]) -> Tensor {
    v * Tensor(factors, shape: [factors.count, 1])
  }

  private mutating func finish(_ squares: [Double], relativeTo initial: [Double]) {
    residual = zip(squares, initial).reduce(0) { worst, pair in
      if pair.1 == 0 { return worst }
      let relative = (pair.0 / pair.1).squareRoot()
      return relative.isNaN || worst.isNaN ? .nan : max(worst, relative)
    }
  }

  private mutating func conjugateGradients(_ b: Tensor, _ tolerance: Double, _ limit: Int)
    -> Tensor
  {
    var x = Tensor.zeros(like: b)
    var r = b
    var direction = b
    let initial = inner(b, b)
    var squares = initial
    // An item that has stopped has the step zero from then on.
    var isRunning = initial.map { $0 > 0 }
    // Items that are left to another method.
    var isLeft = [Bool](repeating: false, count: initial.count)
    // The largest |A d| / |d|, at most the norm of A.
    var size = [Double](repeating: 0, count: initial.count)
    let noise = max(1e-10, 10 * attainableTolerance)
    for _ in 0..<limit {
      for item in squares.indices
      where squares[item] <= tolerance * tolerance * initial[item] { isRunning[item] = false }
      if !isRunning.contains(true) { break }
      let image = product(direction)
      let curvature = inner(direction, image)
      let lengths = inner(direction, direction).map { $0.squareRoot() }
      let imageLengths = inner(image, image).map { $0.squareRoot() }
      for item in curvature.indices where isRunning[item] {
        size[item] = max(size[item], imageLengths[item] / lengths[item])
        if curvature[item] > noise * lengths[item] * imageLengths[item] { continue }
        isRunning[item] = false
        isLeft[item] = curvature[item].isFinite
        // Of a positive semidefinite matrix only what it nearly annihilates has as little curvature.
        if imageLengths[item] > 1e-6 * size[item] * lengths[item] { indefiniteItems.insert(item) }
      }
      let steps = squares.indices.map { isRunning[$0] ? squares[$0] / curvature[$0] : 0 }
      x += scaled(direction, by: steps)
      r -= scaled(image, by: steps)
      let next = inner(r, r)
      let ratios = squares.indices.map { isRunning[$0] ? next[$0] / squares[$0] : 0 }
      direction = r + scaled(direction, by: ratios)
      squares = next
    }
    finish(squares, relativeTo: initial)
    if !isLeft.contains(true) { return x }
    let mask = Tensor(isLeft.map { $0 ? 1.0 : 0 }, shape: [initial.count, 1])
    for item in isLeft.indices where isLeft[item] { squares[item] = 0 }
    let others = minimalResiduals(b * mask, tolerance, products + limit, restart: 50)
    let worst = residual
    finish(squares, relativeTo: initial)
    residual = residual.isNaN || worst.isNaN ? .nan : max(residual, worst)
    return x * (1 - mask) + others
  }

  private mutating func neumann(_ b: Tensor, _ terms: Int, _ step: Double) -> Tensor {
    precondition(terms >= 1, "ImplicitLinearSolver.neumann: \(terms) terms")
    var term = b
    var sum = b
    for _ in 1..<max(terms, 1) {
      term -= product(term) * step
      sum += term
    }
    // The residual of the sum is the next term; the last one is at hand and larger if the series converges.
    finish(inner(term, term), relativeTo: inner(b, b))
    return sum * step
  }

  private mutating func dense(_ b: Tensor) -> Tensor {
    let (items, length) = (b.shape[0], b.shape[1])
    // Column k of every item's matrix, `[items, length]` each.
    let columns = (0..<length).map { index in
      product(Tensor.identity(length).slice(axis: 0, index..<index + 1).broadcast(to: b.shape))
        .scalars
    }
    let right = b.scalars
    var result = [Double](repeating: .nan, count: items * length)
    var squares = [Double](repeating: .nan, count: items)
    for item in 0..<items {
      var matrix = Matrix(rows: length, columns: length)
      for i in 0..<length {
        for j in 0..<length { matrix[i, j] = columns[j][item * length + i] }
      }
      let part = Vector(Array(right[item * length..<(item + 1) * length]))
      guard let solution = (try? LU(matrix))?.solve(part) else { continue }
      squares[item] = 0
      let image = matrix * solution
      for i in 0..<length {
        result[item * length + i] = solution[i]
        squares[item] += (image[i] - part[i]) * (image[i] - part[i])
      }
    }
    let initial = inner(b, b)
    finish(squares, relativeTo: initial)
    noteSingular(squares, relativeTo: initial)
    return Tensor(result, shape: b.shape)
  }
}

// MARK: - Generalized minimal residuals

extension MatrixFreeSolver {
  private mutating func minimalResiduals(
    _ b: Tensor, _ tolerance: Double, _ limit: Int, restart: Int
  ) -> Tensor {
    precondition(restart >= 1, "ImplicitLinearSolver.minimalResiduals: restart after \(restart)")
    let initial = inner(b, b)
    let goals = initial.map { tolerance * $0.squareRoot() }
    var x = Tensor.zeros(like: b)
    var r = b
    var squares = initial
    while products < limit {
      let norms = squares.map { $0.squareRoot() }
      if zip(norms, goals).allSatisfy({ !($0 > $1) }) { break }
      var basis = [scaled(r, by: norms.map { $0 > 0 ? 1 / $0 : 0 })]
      var problems = norms.map { HessenbergLeastSquares(norm: $0) }
      for _ in 0..<min(restart, b.shape[1]) where products < limit {
        var w = product(basis[basis.count - 1])
        var columns = [[Double]](repeating: [], count: problems.count)
        for v in basis {
          let projections = inner(v, w)
          w -= scaled(v, by: projections)
          for item in columns.indices { columns[item].append(projections[item]) }
        }
        let lengths = inner(w, w).map { $0.squareRoot() }
        for item in columns.indices {
          problems[item].append(columns[item] + [lengths[item]])
        }
        basis.append(scaled(w, by: lengths.map { $0 > 0 ? 1 / $0 : 0 }))
        if zip(problems, goals).allSatisfy({ !($0.residual > $1) }) { break }
      }
      let coefficients = problems.map { $0.solution }
      for index in 0..<basis.count - 1 {
        x += scaled(basis[index], by: coefficients.map { $0[index] })
      }
      r = b - product(x)
      let next = inner(r, r)
      // A restart that gains nothing will not gain later.
      let gains = zip(next, squares).contains { $0 < 0.999 * $1 }
      squares = next
      if !gains {
        noteSingular(squares, relativeTo: initial)
        break
      }
    }
    finish(squares, relativeTo: initial)
    return x
  }
}

/// `min |norm e1 - H y|` for an upper Hessenberg matrix that grows by columns, by Givens rotations.
private struct HessenbergLeastSquares {
  /// The columns of the triangular factor.
  private var columns: [[Double]] = []
  private var rotations: [(cosine: Double, sine: Double)] = []
  private var right: [Double]

  init(norm: Double) { right = [norm] }

  /// The norm that is left.
  var residual: Double { abs(right[right.count - 1]) }

  mutating func append(_ column: [Double]) {
    var column = column
    for (index, (cosine, sine)) in rotations.enumerated() {
      let (upper, lower) = (column[index], column[index + 1])
      column[index] = cosine * upper + sine * lower
      column[index + 1] = -sine * upper + cosine * lower
    }
    let last = column.count - 1
    let length = (column[last - 1] * column[last - 1] + column[last] * column[last]).squareRoot()
    let (cosine, sine) = length > 0 ? (column[last - 1] / length, column[last] / length) : (1, 0)
    rotations.append((cosine, sine))
    column[last - 1] = length
    column.removeLast()
    columns.append(column)
    let value = right[last - 1]
    right[last - 1] = cosine * value
    right.append(-sine * value)
  }

  /// y, with zeros where the matrix ended early.
  var solution: [Double] {
    var y = [Double](repeating: 0, count: columns.count)
    for row in stride(from: columns.count - 1, through: 0, by: -1) {
      var value = right[row]
      for column in row + 1..<max(columns.count, row + 1) {
        value -= columns[column][row] * y[column]
      }
      y[row] = columns[row][row] == 0 ? 0 : value / columns[row][row]
    }
    return y
  }
}
