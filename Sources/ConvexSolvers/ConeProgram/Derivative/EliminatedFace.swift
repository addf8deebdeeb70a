import LinearAlgebra

/// A semidefinite block eliminated from the optimality system on the faces.
///
/// With the eigenvectors V₊ of the slack and V₋ of the dual, mixed pairs are curved: H⁻¹(X) = M₊XM₋ + M₋XM₊
/// with M₊ = V₊Λ⁻¹V₊', M₋ = V₋|Λ|V₋', and H likewise with the inverse eigenvalues. In place of the block
/// stand its Schur complement and unknowns for the flat part: pairs of V₋ where the rows were eliminated,
/// pairs of V₊ where the variables were.
final class EliminatedFace {
  private let face: SemidefiniteFace
  private let block: ConicLayout.Block
  private let layout: ConicLayout
  private let schur: SchurBlock
  private let columns: [Int32]?
  private let entries: [Int32]
  private let firstCoupling: Int
  /// The two factors of H⁻¹ (rows eliminated) or H (variables eliminated).
  private let left: Matrix
  private let right: Matrix
  /// Eigenvectors of the flat part, one a row.
  private let flat: Matrix
  private var variableOfUnknown: [Int: Int] = [:]

  init?(
    _ plan: EliminationPlan.BlockPlan, _ face: SemidefiniteFace, _ layout: ConicLayout,
    block: ConicLayout.Block, A: Numbers, firstCoupling: Int
  ) {
    self.face = face
    self.block = block
    self.layout = layout
    self.firstCoupling = firstCoupling
    let order = face.order
    switch plan {
    case .rows: return nil
    case .schur(_, let matrices):
      schur = SchurBlock(order: order, matrices: matrices)
      schur.load(A)
      columns = nil
      entries = []
      left = face.side(isPositive: true) { 1 / $0 }
      right = face.side(isPositive: false) { max(-$0, 0) }
      flat = EliminatedFace.rows(face, face.positive..<order)
    case .direct(_, let matrices, let columns, let entries):
      schur = SchurBlock(order: order, matrices: matrices)
      let scaled = AlignedBuffer(uninitializedCount: layout.A.entries)
      for (column, own) in zip(columns, entries) {
        for entry in layout.A.columnStarts[Int(column)]..<layout.A.columnStarts[Int(column) + 1] {
          scaled.pointer[entry] = A[entry] / A[Int(own)]
        }
      }
      schur.load(scaled.pointer)
      self.columns = columns
      self.entries = entries
      left = face.side(isPositive: true) { $0 }
      right = face.side(isPositive: false) { 1 / max(-$0, 1e-12) }
      flat = EliminatedFace.rows(face, 0..<face.positive)
    }
  }

  private static func rows(_ face: SemidefiniteFace, _ range: Range<Int>) -> Matrix {
    var result = Matrix(rows: range.count, columns: face.order)
    for (index, i) in range.enumerated() {
      for j in 0..<face.order { result[index, j] = face.vectors[i, j] }
    }
    return result
  }

  /// Writes the Schur complement and the couplings with the flat part.
  func write(_ values: Numbers, _ places: [Int32], _ couplingPlaces: [Int32]) {
    let factor = columns == nil ? 2.0 : -2.0
    left.withUnsafeBufferPointer { left in
      right.withUnsafeBufferPointer { right in
        guard let V = left.baseAddress, let W = right.baseAddress else { return }
        schur.accumulate(V: V, W: W, factor: factor, positions: places, into: values)
      }
    }
    let sign = columns == nil ? 1.0 : -1.0
    var place = 0
    let root = 2.0.squareRoot()
    schur.forEachMatrix { _, matrix in
      for q in 0..<flat.rows {
        for p in q..<flat.rows {
          var sum = 0.0
          for entry in matrix {
            let i = Int(entry.row)
            let j = Int(entry.column)
            let value =
              i == j
              ? flat[p, i] * flat[q, i] : flat[p, i] * flat[q, j] + flat[p, j] * flat[q, i]
            sum += entry.value * value
          }
          values[Int(couplingPlaces[place])] = sign * (p == q ? sum : root * sum)
          place += 1
        }
      }
    }
  }

  // MARK: - Matrices and vectors of the block

  private func unpack(_ v: UnsafePointer<Double>) -> Matrix {
    var matrix = Matrix(rows: face.order, columns: face.order)
    let half = 0.5.squareRoot()
    var place = 0
    for j in 0..<face.order {
      for i in j..<face.order {
        let value = i == j ? v[place] : v[place] * half
        matrix[i, j] = value
        matrix[j, i] = value
        place += 1
      }
    }
    return matrix
  }

  private func pack(_ matrix: Matrix, _ v: Numbers) {
    let half = 0.5.squareRoot()
    var place = 0
    for j in 0..<face.order {
      for i in j..<face.order {
        v[place] = i == j ? matrix[i, i] : (matrix[i, j] + matrix[j, i]) * half
        place += 1
      }
    }
  }

  /// left X right + right X left.
  private func curved(_ X: Matrix) -> Matrix {
    let product = left * X * right
    return product + product.transpose
  }

  /// The flat part of X, as a vector of pairs.
  private func flatPart(_ X: Matrix) -> [Double] {
    let inner = flat * X * flat.transpose
    var result: [Double] = []
    for q in 0..<flat.rows {
      for p in q..<flat.rows {
        result.append(p == q ? inner[p, p] : (inner[p, q] + inner[q, p]) * 0.5.squareRoot())
      }
    }
    return result
  }

  /// The matrix whose flat part is w.
  private func fromFlat(_ w: UnsafePointer<Double>) -> Matrix {
    var inner = Matrix(rows: flat.rows, columns: flat.rows)
    var place = 0
    for q in 0..<flat.rows {
      for p in q..<flat.rows {
        let value = p == q ? w[place] : w[place] * 0.5.squareRoot()
        inner[p, q] = value
        inner[q, p] = value
        place += 1
      }
    }
    return flat.transpose * inner * flat
  }

  // MARK: - Solving

  func addToRightHandSide(
    _ r1: Numbers, _ r2: Numbers, _ rhs: Numbers, _ pattern: FacePattern, _ A: Numbers
  ) {
    let work = AlignedBuffer(repeating: 0, count: block.count)
    if let columns {
      for (i, column) in columns.enumerated() {
        work.pointer[i] = r1[Int(column)] / A[Int(entries[i])]
      }
      let scaled = unpack(work.pointer)
      for (k, value) in flatPart(scaled).enumerated() { rhs[firstCoupling + k] = -value }
      pack(curved(scaled), work.pointer)
      for (i, column) in columns.enumerated() {
        let value = (r2[block.start + i] + work.pointer[i]) / A[Int(entries[i])]
        for entry in layout.A.columnStarts[Int(column)]..<layout.A.columnStarts[Int(column) + 1]
        where entry != Int(entries[i]) {
          rhs[Int(pattern.plan.unknownOfRow[layout.A.rowIndices[entry]])] -= A[entry] * value
        }
      }
    } else {
      let own = unpack(r2 + block.start)
      for (k, value) in flatPart(own).enumerated() { rhs[firstCoupling + k] = value }
      pack(curved(own), work.pointer)
      forEachTouchedVariable(pattern) { variable, unknown in
        rhs[unknown] += columnProduct(variable, A, work.pointer)
      }
    }
  }

  private func forEachTouchedVariable(
    _ pattern: FacePattern, _ body: (_ variable: Int, _ unknown: Int) -> Void
  ) {
    if variableOfUnknown.isEmpty {
      for variable in 0..<layout.variables {
        let unknown = Int(pattern.plan.unknownOfVariable[variable])
        if unknown >= 0 { variableOfUnknown[unknown] = variable }
      }
    }
    for unknown in schur.unknowns {
      if let variable = variableOfUnknown[unknown] { body(variable, unknown) }
    }
  }

  private func columnProduct(_ column: Int, _ A: Numbers, _ v: Numbers) -> Double {
    var sum = 0.0
    for entry in layout.A.columnStarts[column]..<layout.A.columnStarts[column + 1] {
      let row = layout.A.rowIndices[entry] - block.start
      if row >= 0 && row < block.count { sum += A[entry] * v[row] }
    }
    return sum
  }

  /// Finds the dual of the block, and its variables if they were eliminated.
  func recover(
    _ r1: Numbers, _ r2: Numbers, _ rhs: Numbers, _ pattern: FacePattern, _ A: Numbers, x: Numbers,
    y: Numbers
  ) {
    let dual = y + block.start
    if let columns {
      for (i, column) in columns.enumerated() {
        var sum = r1[Int(column)]
        for entry in layout.A.columnStarts[Int(column)]..<layout.A.columnStarts[Int(column) + 1]
        where entry != Int(entries[i]) {
          sum -= A[entry] * y[layout.A.rowIndices[entry]]
        }
        dual[i] = sum / A[Int(entries[i])]
      }
      // No part among the eigenvectors of the slack.
      var matrix = unpack(dual)
      let positive = flatPart(matrix)
      positive.withUnsafeBufferPointer { positive in
        if let base = positive.baseAddress { matrix = matrix - fromFlat(base) }
      }
      pack(matrix, dual)
      let slack = fromFlat(rhs + firstCoupling) - curved(matrix)
      let work = AlignedBuffer(uninitializedCount: block.count)
      pack(slack, work.pointer)
      for (i, column) in columns.enumerated() {
        x[Int(column)] = (r2[block.start + i] - work.pointer[i]) / A[Int(entries[i])]
      }
    } else {
      let work = AlignedBuffer(uninitializedCount: block.count)
      for i in 0..<block.count { work.pointer[i] = -r2[block.start + i] }
      forEachTouchedVariable(pattern) { variable, _ in
        for entry in layout.A.columnStarts[variable]..<layout.A.columnStarts[variable + 1] {
          let row = layout.A.rowIndices[entry] - block.start
          if row >= 0 && row < block.count { work.pointer[row] += A[entry] * x[variable] }
        }
      }
      pack(curved(unpack(work.pointer)) + fromFlat(rhs + firstCoupling), dual)
    }
  }

  /// Removes V₋V₋' X V₋V₋'.
  func removeDualPart(_ v: Numbers) {
    let projector = face.side(isPositive: false) { _ in 1 }
    let X = unpack(v)
    pack(X - projector * X * projector, v)
  }

  /// ds from what is left of the rows and the dual.
  func writeSlack(rest: Numbers, dual: Numbers, into slack: Numbers) {
    var matrix = unpack(rest)
    if columns == nil {
      // Everything but the pairs of the dual's eigenvectors; mixed pairs agree with -H dy.
      let own = flatPart(matrix)
      own.withUnsafeBufferPointer { own in
        if let base = own.baseAddress { matrix = matrix - fromFlat(base) }
      }
    } else {
      let own = flatPart(matrix)
      own.withUnsafeBufferPointer { own in
        if let base = own.baseAddress { matrix = fromFlat(base) - curved(unpack(dual)) }
      }
      if own.isEmpty { matrix = -curved(unpack(dual)) }
    }
    pack(matrix, slack)
  }
}
