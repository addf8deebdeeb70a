import CKernels
import LinearAlgebra

/// `log(exp(K) exp(v))`: the product of a matrix and a vector that are given by their logarithms, without
/// overflow; the step of Sinkhorn's algorithm in the log domain (Peyre and Cuturi 2019, section 4.4).
///
/// The same as `(K + v).logSumExp(axis: -1)`, and with `transposed` as `(K + v').logSumExp(axis: -2)`, but
/// the sum K + v is never in memory, neither for the value nor for the derivatives of first order.
///
/// - Parameters:
///   - logMatrix: K, `[..., m, n]`; -infinity stands for 0.
///   - logVector: v, `[..., n]`, or `[..., m]` if transposed, with the same axes in front.
///   - transposed: uses the transpose of K.
/// - Returns: `[..., m]`, or `[..., n]` if transposed; -infinity where all terms are 0, with a derivative
///   of 0.
public func logDomainProduct(_ logMatrix: Tensor, _ logVector: Tensor, transposed: Bool = false)
  -> Tensor
{
  requireSameType(logMatrix, logVector, "logDomainProduct")
  let rank = logMatrix.rank
  precondition(
    rank >= 2
      && logVector.shape == logMatrix.shape.dropLast(2) + [
        logMatrix.shape[transposed ? rank - 2 : rank - 1]
      ],
    "logDomainProduct: \(logMatrix.shape)\(transposed ? "'" : "") x \(logVector.shape)")
  return primitive(
    named: "logDomainProduct", [logMatrix, logVector],
    { [valueKernel($0[0], $0[1], transposed)] },
    vjp: { operands, results, cotangents, _ in
      guard let g = cotangents[0] else { return [nil, nil] }
      let (K, v, y) = (operands[0], operands[1], results[0])
      if K.trace == nil, v.trace == nil, y.trace == nil, g.trace == nil {
        return pullbackKernel(K, v, y, g, transposed)
      }
      let weighted = termWeights(K, v, y, transposed) * column(g, transposed)
      return [weighted, weighted.sum(axis: transposed ? -1 : -2)]
    },
    jvp: { operands, results, tangents in
      let (K, v, y) = (operands[0], operands[1], results[0])
      var change = tangents[1].map { row($0, transposed).broadcast(to: K.shape) }
      if let tangent = tangents[0] { change = change.map { $0 + tangent } ?? tangent }
      return [
        change.map { (termWeights(K, v, y, transposed) * $0).sum(axis: transposed ? -2 : -1) }
      ]
    })[0]
}

/// A vector that goes along the axis that is summed over.
private func row(_ v: Tensor, _ transposed: Bool) -> Tensor {
  v.expandingAxis(transposed ? -1 : -2)
}

/// A vector that goes along the axis that stays.
private func column(_ v: Tensor, _ transposed: Bool) -> Tensor {
  v.expandingAxis(transposed ? -2 : -1)
}

/// The share of each term in its sum, 0 where the sum is.
private func termWeights(_ K: Tensor, _ v: Tensor, _ y: Tensor, _ transposed: Bool) -> Tensor {
  let safe = select(y .!= -Double.infinity, y, Tensor.zeros(like: y))
  return exp(K + row(v, transposed) - column(safe, transposed))
}

/// About 50 microseconds of exponentials: parts of 20 took longer than they saved.
private let elementsPerPart = 65_536

private func valueKernel(_ K: Tensor, _ v: Tensor, _ transposed: Bool) -> Tensor {
  let (m, n) = (K.shape[K.rank - 2], K.shape[K.rank - 1])
  let (terms, sums) = transposed ? (m, n) : (n, m)
  let result = Tensor(uninitialized: K.shape.dropLast(2) + [sums], dtype: K.dtype)
  let size = K.dtype.byteCount
  for item in 0..<(sums == 0 ? 0 : result.count / sums) {
    forEachFixedPart(of: sums, partCount: m * n / elementsPerPart, multiple: 16) { part in
      let first = transposed ? part.lowerBound : part.lowerBound * n
      log_product(
        K.typeCode, transposed ? 1 : 0, transposed ? m : part.count, transposed ? part.count : n, n,
        K.memory + (item * m * n + first) * size, v.memory + item * terms * size,
        result.memory + (item * sums + part.lowerBound) * size)
    }
  }
  return result
}

/// Parts go along the axis that is summed over, so that each has its own piece of the vector's cotangent.
private func pullbackKernel(_ K: Tensor, _ v: Tensor, _ y: Tensor, _ g: Tensor, _ transposed: Bool)
  -> [Tensor?]
{
  let (m, n) = (K.shape[K.rank - 2], K.shape[K.rank - 1])
  let (terms, sums) = transposed ? (m, n) : (n, m)
  let matrix = Tensor(uninitializedLike: K)
  let vector = Tensor(uninitializedLike: v)
  let size = K.dtype.byteCount
  for item in 0..<(terms == 0 ? 0 : v.count / terms) {
    forEachFixedPart(of: terms, partCount: m * n / elementsPerPart, multiple: 16) { part in
      let first = (item * m * n + (transposed ? part.lowerBound * n : part.lowerBound)) * size
      let along = (item * terms + part.lowerBound) * size
      log_product_vjp(
        K.typeCode, transposed ? 1 : 0, transposed ? part.count : m, transposed ? n : part.count, n,
        K.memory + first, v.memory + along, y.memory + item * sums * size,
        g.memory + item * sums * size, matrix.memory + first, vector.memory + along)
    }
  }
  return [matrix, vector]
}
