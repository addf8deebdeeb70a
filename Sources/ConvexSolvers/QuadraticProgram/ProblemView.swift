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

  init(_ batch: QuadraticProgramBatch, item: Int) {
    n = batch.variables
    m = batch.inequalities
    e = batch.equalities
    Q = UnsafePointer(batch.Q.pointer(item))
    p = UnsafePointer(batch.p.pointer(item))
    G = UnsafePointer(batch.G.pointer(item))
    h = UnsafePointer(batch.h.pointer(item))
    A = UnsafePointer(batch.A.pointer(item))
    b = UnsafePointer(batch.b.pointer(item))
    isLinear = batch.isLinear
  }

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

/// A primal-dual point of one item, in storage of the caller's.
struct PointView {
  let x: UnsafeMutablePointer<Double>
  let lambda: UnsafeMutablePointer<Double>
  let nu: UnsafeMutablePointer<Double>
  /// h - Gx, infinite where there is no bound.
  let slack: UnsafeMutablePointer<Double>
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
