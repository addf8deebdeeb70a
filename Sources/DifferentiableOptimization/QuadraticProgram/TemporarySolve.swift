import Autodiff
import LinearAlgebra

/// Stand-in until the tensor module has `solve`: `[B, n, n]`, `[B, n, k]`.
func solve(_ a: Tensor, _ b: Tensor) -> Tensor { general(a, b, false) }
private func general(_ a: Tensor, _ b: Tensor, _ transposed: Bool) -> Tensor {
  primitive(
    a, b,
    { a, b in
      let (n, k) = (a.shape[2], b.shape[2])
      if b.count == 0 { return b }
      let parts = (0..<a.shape[0]).map { item -> Tensor in
        let A = Matrix(rows: n, columns: n, elements: a.slice(axis: 0, item..<item + 1).scalars)
        let B = Matrix(rows: n, columns: k, elements: b.slice(axis: 0, item..<item + 1).scalars)
        return Tensor(try! LU(A).solve(B, transposed: transposed)).expandingAxis(0)
      }
      return concatenate(parts, axis: 0)
    },
    vjpLeft: { a, b, y in
      { g in
        let w = general(a, g, !transposed)
        return transposed ? -matmul(y, w, transposeB: true) : -matmul(w, y, transposeB: true)
      }
    },
    vjpRight: { a, _, _ in { general(a, $0, !transposed) } },
    jvpLeft: { a, _, y, t in -general(a, matmul(t, y, transposeA: transposed), transposed) },
    jvpRight: { a, _, _, t in general(a, t, transposed) })
}
