import CKernels
import LinearAlgebra
import OptimizationCore

/// Pointers to the data of one item, and what every method needs to know of them.
struct ProblemView {
  let n: Int
  let m: Int
  let e: Int
  let Q: UnsafePointer<Double>
  let p: UnsafePointer<Double>
  let G: UnsafePointer<Double>
  let h: UnsafePointer<Double>
  let A: UnsafePointer<Double>
  let b: UnsafePointer<Double>
  let isLinear: Bool

  /// Bounds of at least this size are absent.
  static let infiniteBound = 1e20

  /// Whether inequality j has a bound at all.
  func isBounded(_ j: Int) -> Bool { h[j] < Self.infiniteBound }

  /// y := Qx.
  func multiplyQ(_ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>) {
    if isLinear { y.update(repeating: 0, count: n) } else { ck_multiply(n, n, Q, n, x, y) }
  }

  /// y := y + Gᵀlambda + Aᵀnu.
  func addTransposed(
    lambda: UnsafePointer<Double>, nu: UnsafePointer<Double>, to y: UnsafeMutablePointer<Double>
  ) {
    for j in 0..<m where lambda[j] != 0 { ck_add_scaled(n, lambda[j], G + j * n, y) }
    for i in 0..<e where nu[i] != 0 { ck_add_scaled(n, nu[i], A + i * n, y) }
  }
}

/// Pointers to the data of a whole batch: the view of an item costs no reference counting. Valid as long as
/// the batch is kept alive.
struct ProblemViews {
  private let first: ProblemView
  private let strides: (Q: Int, p: Int, G: Int, h: Int, A: Int, b: Int)

  init(_ batch: QuadraticProgramBatch) {
    let n = batch.variables
    let m = batch.inequalities
    let e = batch.equalities
    first = ProblemView(
      n: n, m: m, e: e, Q: batch.Q.storage.pointer, p: batch.p.storage.pointer,
      G: batch.G.storage.pointer, h: batch.h.storage.pointer, A: batch.A.storage.pointer,
      b: batch.b.storage.pointer, isLinear: batch.isLinear)
    strides = (
      batch.Q.items == nil ? 0 : n * n, batch.p.items == nil ? 0 : n,
      batch.G.items == nil ? 0 : m * n, batch.h.items == nil ? 0 : m,
      batch.A.items == nil ? 0 : e * n, batch.b.items == nil ? 0 : e
    )
  }

  subscript(item: Int) -> ProblemView {
    ProblemView(
      n: first.n, m: first.m, e: first.e, Q: first.Q + item * strides.Q,
      p: first.p + item * strides.p, G: first.G + item * strides.G,
      h: first.h + item * strides.h, A: first.A + item * strides.A,
      b: first.b + item * strides.b, isLinear: first.isLinear)
  }
}

/// A primal-dual point of one item, in storage of the caller's.
struct PointView {
  let x: UnsafeMutablePointer<Double>
  let lambda: UnsafeMutablePointer<Double>
  let nu: UnsafeMutablePointer<Double>
  /// h - Gx, infinite where there is no bound.
  let slack: UnsafeMutablePointer<Double>

  /// The point `item` places further in arrays of points.
  func advanced(by item: Int, n: Int, m: Int, e: Int) -> PointView {
    PointView(
      x: x + item * n, lambda: lambda + item * m, nu: nu + item * e, slack: slack + item * m)
  }
}

/// Scratch for evaluating the optimality conditions, one per worker.
struct OptimalityScratch {
  private let buffer: AlignedBuffer
  /// Qx, `[n]`, and Qx + p + Gᵀlambda + Aᵀnu, `[n]`.
  let curvature: UnsafeMutablePointer<Double>
  let stationarity: UnsafeMutablePointer<Double>
  /// Ax - b, `[e]`.
  let equality: UnsafeMutablePointer<Double>

  init(n: Int, e: Int) {
    buffer = AlignedBuffer(uninitializedCount: 2 * n + e)
    curvature = buffer.pointer
    stationarity = curvature + n
    equality = stationarity + n
  }
}

extension ProblemView {
  /// The objective and the residuals of the design at a point; also fills its slack and the scratch.
  func evaluate(_ point: PointView, _ scratch: OptimalityScratch) -> (Double, Residuals) {
    let x = point.x
    multiplyQ(x, scratch.curvature)
    for j in 0..<n { scratch.stationarity[j] = scratch.curvature[j] + p[j] }
    addTransposed(lambda: point.lambda, nu: point.nu, to: scratch.stationarity)

    var primalSize = 0.0
    var violation = 0.0
    var multiplied = 0.0
    ck_multiply(m, n, G, n, x, point.slack)
    for j in 0..<m {
      let product = point.slack[j]
      primalSize = maximum(primalSize, abs(product))
      if isBounded(j) {
        point.slack[j] = h[j] - product
        primalSize = maximum(primalSize, abs(h[j]))
        violation = maximum(violation, product - h[j])
        multiplied += h[j] * point.lambda[j]
      } else {
        point.slack[j] = .infinity
      }
    }
    ck_multiply(e, n, A, n, x, scratch.equality)
    for i in 0..<e {
      scratch.equality[i] -= b[i]
      violation = maximum(violation, abs(scratch.equality[i]))
      primalSize = maximum(primalSize, abs(b[i]))
      multiplied += b[i] * point.nu[i]
    }
    let quadratic = ck_dot(n, x, scratch.curvature)
    let linear = ck_dot(n, x, p)
    let objective = 0.5 * quadratic + linear
    let dualSize = maximum(ck_largest(n, p), ck_largest(n, scratch.curvature))
    return (
      objective,
      Residuals(
        primal: violation / (1 + primalSize),
        dual: ck_largest(n, scratch.stationarity) / (1 + dualSize),
        gap: abs(quadratic + linear + multiplied) / (1 + abs(objective)))
    )
  }
}

/// The larger of two numbers, NaN if either is.
@inline(__always)
func maximum(_ a: Double, _ b: Double) -> Double { a > b || a.isNaN ? a : b }
