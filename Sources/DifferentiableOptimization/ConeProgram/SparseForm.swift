import Autodiff
import LinearAlgebra

/// The trilinear form `Σ A_ij y_i x_j` over the entries of a sparsity pattern, one for each item of a batch.
///
/// Its three partial derivatives are the products with A and with Aᵀ and the products `y_i x_j` at the
/// entries; the derivatives of each of them are the two others, so they can be differentiated any number
/// of times.
struct SparseForm: Sendable {
  let rows: Int
  let columns: Int
  /// Row and column of each entry.
  private let row: [Int]
  private let column: [Int]

  init(_ pattern: SparsityPattern) {
    rows = pattern.rows
    columns = pattern.columns
    row = pattern.rowIndices
    column = (0..<pattern.columns).flatMap { column in
      [Int](
        repeating: column,
        count: pattern.columnStarts[column + 1] - pattern.columnStarts[column])
    }
  }

  /// Ax, from `[B, entries]` and `[B, columns]` to `[B, rows]`.
  func product(_ A: Tensor, _ x: Tensor) -> Tensor {
    primitive(
      A, x,
      { A, x in
        summed(A, x, length: rows) { A, x, sum in
          for entry in row.indices { sum[row[entry]] += A[entry] * x[column[entry]] }
        }
      },
      vjpLeft: { _, x, _ in { outer($0, x) } },
      vjpRight: { A, _, _ in { transposedProduct(A, $0) } },
      jvpLeft: { _, x, _, tangent in product(tangent, x) },
      jvpRight: { A, _, _, tangent in product(A, tangent) })
  }

  /// Aᵀy, from `[B, entries]` and `[B, rows]` to `[B, columns]`.
  func transposedProduct(_ A: Tensor, _ y: Tensor) -> Tensor {
    primitive(
      A, y,
      { A, y in
        summed(A, y, length: columns) { A, y, sum in
          for entry in row.indices { sum[column[entry]] += A[entry] * y[row[entry]] }
        }
      },
      vjpLeft: { _, y, _ in { outer(y, $0) } },
      vjpRight: { A, _, _ in { product(A, $0) } },
      jvpLeft: { _, y, _, tangent in transposedProduct(tangent, y) },
      jvpRight: { A, _, _, tangent in transposedProduct(A, tangent) })
  }

  /// `y_i x_j` at the entries, from `[B, rows]` and `[B, columns]` to `[B, entries]`.
  func outer(_ y: Tensor, _ x: Tensor) -> Tensor {
    primitive(
      y, x,
      { y, x in
        summed(y, x, length: row.count) { y, x, result in
          for entry in row.indices { result[entry] = y[row[entry]] * x[column[entry]] }
        }
      },
      vjpLeft: { _, x, _ in { product($0, x) } },
      vjpRight: { y, _, _ in { transposedProduct($0, y) } },
      jvpLeft: { _, x, _, tangent in outer(tangent, x) },
      jvpRight: { y, _, _, tangent in outer(y, tangent) })
  }

  /// `(½ (A + Aᵀ)) x` for a square pattern.
  func symmetricProduct(_ A: Tensor, _ x: Tensor) -> Tensor {
    (product(A, x) + transposedProduct(A, x)) * 0.5
  }

  /// `½ (y_i x_j + x_i y_j)` at the entries of a square pattern.
  func symmetricOuter(_ y: Tensor, _ x: Tensor) -> Tensor {
    (outer(y, x) + outer(x, y)) * 0.5
  }

  private func summed(
    _ a: Tensor, _ b: Tensor, length: Int,
    _ body: (
      UnsafeMutablePointer<Double>, UnsafeMutablePointer<Double>, UnsafeMutablePointer<Double>
    ) -> Void
  ) -> Tensor {
    let items = a.shape[0]
    let result = Tensor.zeros([items, length])
    for item in 0..<items {
      body(
        a.doubles + item * a.shape[1], b.doubles + item * b.shape[1], result.doubles + item * length
      )
    }
    return result
  }
}
