import CKernels
import Testing

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

@Suite("Log-sum-exp and softmax")
struct SoftmaxTests {
  static func logSumExp(_ slice: [Wide]) -> Wide {
    guard let largest = slice.max(), largest.isFinite else { return slice.max() ?? -.infinity }
    return largest + log(slice.reduce(0) { $0 + exp($1 - largest) })
  }

  @Test("agree with wider arithmetic", arguments: Slices.all)
  func values(shape: Slices) {
    func check<T: KernelNumber>(_: T.Type) {
      var numbers = TestNumbers(state: 16)
      let x: [T] = numbers.reals(shape.count, in: -300...300)
      let g: [T] = numbers.reals(shape.count)
      let count = shape.outer * shape.inner
      let h: [T] = numbers.reals(count)
      let (outer, n, inner) = (shape.outer, shape.n, shape.inner)
      let slices = shape.slices(x.map(\.wide)), gradients = shape.slices(g.map(\.wide))
      let sums = slices.map(Self.logSumExp)
      let bound = 16 + Wide(n).squareRoot()

      var y = [T](repeating: 0, count: count)
      tk_log_sum_exp(T.code, outer, n, inner, x, &y)
      expectClose(y, sums, bound, "log sum exp")

      var out = [T](repeating: 0, count: x.count)
      tk_log_sum_exp_vjp(T.code, outer, n, inner, x, y, h, &out)
      let rounded = y.map(\.wide)
      let pullback = slices.indices.map { s in
        slices[s].map { h[s].wide * exp($0 - rounded[s]) }
      }
      expectClose(out, shape.joined(pullback), 600, "log sum exp pullback")

      var softmax = out
      tk_softmax(T.code, outer, n, inner, x, &softmax)
      let exact = slices.indices.map { s in slices[s].map { exp($0 - sums[s]) } }
      expectClose(softmax, shape.joined(exact), 600, "softmax")
      let p = shape.slices(softmax.map(\.wide))
      tk_softmax_vjp(T.code, outer, n, inner, softmax, g, &out)
      let softmaxPullback = p.indices.map { s in
        let mean = zip(p[s], gradients[s]).reduce(Wide(0)) { $0 + $1.0 * $1.1 }
        return zip(p[s], gradients[s]).map { $0 * ($1 - mean) }
      }
      expectClose(out, shape.joined(softmaxPullback), bound, "softmax pullback")

      var logarithms = out
      tk_log_softmax(T.code, outer, n, inner, x, &logarithms)
      let differences = slices.indices.map { s in slices[s].map { $0 - sums[s] } }
      expectClose(logarithms, shape.joined(differences), 8, "log softmax")
      let q = shape.slices(logarithms.map(\.wide))
      tk_log_softmax_vjp(T.code, outer, n, inner, logarithms, g, &out)
      let logPullback = q.indices.map { s in
        let sum = gradients[s].reduce(0, +)
        return zip(q[s], gradients[s]).map { $1 - exp($0) * sum }
      }
      expectClose(out, shape.joined(logPullback), 8 * bound, "log softmax pullback")
    }
    check(Float.self)
    check(Double.self)
  }

  @Test("keep infinities", arguments: [1, 2, 9, 20])
  func limits(inner: Int) {
    func check<T: KernelNumber>(_: T.Type) {
      let cases: [([T], T)] = [
        ([], -.infinity), ([-.infinity, -.infinity, -.infinity], -.infinity),
        ([1, .infinity, -.infinity], .infinity), ([-.infinity, 2, -.infinity], 2),
        ([.infinity, .nan, 1], .nan), ([-.infinity, .nan, -.infinity], .nan),
        ([.greatestFiniteMagnitude], .greatestFiniteMagnitude),
        ([-.greatestFiniteMagnitude], -.greatestFiniteMagnitude),
      ]
      for (slice, expected) in cases {
        let x = slice.flatMap { [T](repeating: $0, count: inner) }
        var y = [T](repeating: 0, count: inner)
        tk_log_sum_exp(T.code, 1, slice.count, inner, x, &y)
        #expect(y.allSatisfy { $0 == expected || $0.isNaN && expected.isNaN }, "\(slice): \(y)")
        var out = [T](repeating: 5, count: x.count)
        tk_log_sum_exp_vjp(
          T.code, 1, slice.count, inner, x, y, [T](repeating: 1, count: inner), &out)
        if expected == -.infinity { #expect(out.allSatisfy { $0 == 0 }) }
      }
    }
    check(Float.self)
    check(Double.self)
  }
}
