import Autodiff
import ConvexSolvers
import LinearAlgebra

/// The products of the symmetric cones, with which complementarity is bilinear: `s∘y = 0` for s and y in a
/// cone exactly if sᵀy = 0.
///
/// For the nonnegative cone the product is that of the components, for a second-order cone
/// `(aᵀb, a₀b₁ + b₀a₁)`, for a semidefinite cone `½ (AB + BA)`. It is commutative, and `b ↦ a∘b` is
/// symmetric; hence both operations here are closed under differentiation. In the rows of all other cones,
/// which have no such product or nothing to be complementary to, results are zero. (Alizadeh and Goldfarb
/// 2003.)
struct JordanAlgebra: Sendable {
  private let blocks: [(cone: Cone, rows: Range<Int>)]
  private let rows: Int
  /// The element with `e∘a = a`, `[m]`; zero in the rows of all other cones.
  let identity: Tensor

  init(_ cones: ConeProduct) {
    rows = cones.rows
    blocks = cones.blocks
    var identity = [Double](repeating: 0, count: rows)
    for (cone, rows) in blocks {
      switch cone {
      case .nonnegative: for row in rows { identity[row] = 1 }
      case .secondOrder: identity[rows.lowerBound] = 1
      case .semidefinite(let order):
        var place = rows.lowerBound
        for column in 0..<order {
          identity[place] = 1
          place += order - column
        }
      case .zero, .free, .exponential, .dualExponential, .power: continue
      }
    }
    self.identity = Tensor(identity)
  }

  /// `a∘b`, all `[B, m]`.
  func product(_ a: Tensor, _ b: Tensor) -> Tensor {
    primitive(
      a, b, { a, b in evaluated(a, b, multiply) },
      vjpLeft: { _, b, _ in { product($0, b) } },
      vjpRight: { a, _, _ in { product(a, $0) } },
      jvpLeft: { _, b, _, tangent in product(tangent, b) },
      jvpRight: { a, _, _, tangent in product(a, tangent) })
  }

  /// The w with `p∘w = q` for p inside of the cones, all `[B, m]`.
  func quotient(_ q: Tensor, by p: Tensor) -> Tensor {
    primitive(
      q, p, { q, p in evaluated(q, p, divide) },
      vjpLeft: { _, p, _ in { quotient($0, by: p) } },
      vjpRight: { _, p, w in { -product(w, quotient($0, by: p)) } },
      jvpLeft: { _, p, _, tangent in quotient(tangent, by: p) },
      jvpRight: { _, p, w, tangent in -quotient(product(tangent, w), by: p) })
  }

  // MARK: - One cone

  private typealias Elements = UnsafeMutablePointer<Double>

  private func evaluated(
    _ a: Tensor, _ b: Tensor, _ body: (Cone, Int, Elements, Elements, Elements) -> Void
  ) -> Tensor {
    let result = Tensor.zeros(like: a)
    for item in 0..<a.shape[0] {
      for (cone, range) in blocks {
        let start = item * rows + range.lowerBound
        body(cone, range.count, a.doubles + start, b.doubles + start, result.doubles + start)
      }
    }
    return result
  }

  private func multiply(
    _ cone: Cone, _ count: Int, _ a: Elements, _ b: Elements, _ result: Elements
  ) {
    switch cone {
    case .nonnegative:
      for i in 0..<count { result[i] = a[i] * b[i] }
    case .secondOrder:
      var sum = a[0] * b[0]
      for i in 1..<max(count, 1) {
        sum += a[i] * b[i]
        result[i] = a[0] * b[i] + b[0] * a[i]
      }
      result[0] = sum
    case .semidefinite(let order):
      let A = matrix(a, order)
      let B = matrix(b, order)
      write(A * B, to: result, order)
    case .zero, .free, .exponential, .dualExponential, .power: break
    }
  }

  private func divide(
    _ cone: Cone, _ count: Int, _ q: Elements, _ p: Elements, _ result: Elements
  ) {
    switch cone {
    case .nonnegative:
      for i in 0..<count { result[i] = q[i] / p[i] }
    case .secondOrder:
      var tail = 0.0
      var along = 0.0
      for i in 1..<max(count, 1) {
        tail += p[i] * p[i]
        along += p[i] * q[i]
      }
      let root = tail.squareRoot()
      result[0] = (p[0] * q[0] - along) / ((p[0] - root) * (p[0] + root))
      for i in 1..<max(count, 1) { result[i] = (q[i] - result[0] * p[i]) / p[0] }
    case .semidefinite(let order):
      // ½ (PW + WP) = Q in the eigenvectors of P.
      guard let eigen = try? SymmetricEigen(matrix(p, order)) else {
        result.update(repeating: .nan, count: count)
        return
      }
      let V = eigen.vectors
      var W = V.transpose * matrix(q, order) * V
      for i in 0..<order {
        for j in 0..<order { W[i, j] *= 2 / (eigen.values[i] + eigen.values[j]) }
      }
      write(V * W * V.transpose, to: result, order)
    case .zero, .free, .exponential, .dualExponential, .power: break
    }
  }

  private func matrix(_ v: Elements, _ order: Int) -> Matrix {
    var result = Matrix(rows: order, columns: order)
    var place = 0
    for column in 0..<order {
      for row in column..<order {
        let value = row == column ? v[place] : v[place] * 0.5.squareRoot()
        result[row, column] = value
        result[column, row] = value
        place += 1
      }
    }
    return result
  }

  /// The symmetric part.
  private func write(_ matrix: Matrix, to v: Elements, _ order: Int) {
    var place = 0
    for column in 0..<order {
      for row in column..<order {
        v[place] =
          row == column
          ? matrix[row, row] : (matrix[row, column] + matrix[column, row]) * 0.5.squareRoot()
        place += 1
      }
    }
  }
}
