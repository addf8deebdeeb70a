import CKernels
import Testing

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The lengths of x[outer, n, inner].
struct Slices: Sendable, CustomStringConvertible {
  let outer, n, inner: Int
  var description: String { "[\(outer), \(n), \(inner)]" }
  var count: Int { outer * n * inner }

  static let all: [Slices] =
    [1, 3].flatMap { outer in
      [0, 1, 2, 7, 8, 17, 40, 130].flatMap { n in
        [1, 2, 3, 5, 8, 12, 16, 31, 67, 70].map { Slices(outer: outer, n: n, inner: $0) }
      }
    } + [
      Slices(outer: 0, n: 4, inner: 3), Slices(outer: 2, n: 4, inner: 0),
      Slices(outer: 20, n: 5, inner: 1), Slices(outer: 1, n: 70_000, inner: 1),
      Slices(outer: 1, n: 3000, inner: 9),
    ]

  /// The elements of each slice, slices in the order of the results.
  func slices<T>(_ x: [T]) -> [[T]] {
    (0..<outer).flatMap { o in
      (0..<inner).map { i in (0..<n).map { x[(o * n + $0) * inner + i] } }
    }
  }

  /// The inverse of `slices`.
  func joined<T>(_ slices: [[T]]) -> [T] {
    (0..<outer).flatMap { o in
      (0..<n).flatMap { k in (0..<inner).map { slices[o * inner + $0][k] } }
    }
  }
}

func expectClose<T: KernelNumber>(
  _ result: [T], _ expected: [Wide], _ bound: Wide, _ comment: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(result.count == expected.count, sourceLocation: sourceLocation)
  let good = zip(result, expected).allSatisfy { a, b in
    a.isNaN && b.isNaN || a.wide == b || abs(a.wide - b) <= bound * T.ulpOfOne.wide * (1 + abs(b))
  }
  #expect(good, "\(T.self) \(comment)", sourceLocation: sourceLocation)
}

@Suite("Reductions over an axis")
struct ReductionTests {
  @Test("agree with wider sums", arguments: Slices.all)
  func reductions(shape: Slices) {
    func check<T: KernelNumber>(_: T.Type) {
      var numbers = TestNumbers(state: 12)
      let x: [T] = numbers.reals(shape.count, in: -1.2...1.2)
      let slices = shape.slices(x)
      func reduced(_ operation: Int) -> [T] {
        var y = [T](repeating: -7, count: slices.count)
        tk_reduce(T.code, Int32(operation), shape.outer, shape.n, shape.inner, x, &y)
        return y
      }
      let bound = 8 * (1 + Wide(shape.n).squareRoot())
      expectClose(reduced(TK_SUM), slices.map { $0.reduce(0) { $0 + $1.wide } }, bound, "sum")
      expectClose(
        reduced(TK_SUM_SQUARES), slices.map { $0.reduce(0) { $0 + $1.wide * $1.wide } }, bound)
      expectClose(
        reduced(TK_PRODUCT), slices.map { $0.reduce(1) { $0 * $1.wide } }, bound, "product")
      #expect(reduced(TK_MAX) == slices.map { $0.max() ?? -.infinity })
      #expect(reduced(TK_MIN) == slices.map { $0.min() ?? .infinity })
      for operation in [TK_MAX, TK_MIN] {
        var position = [Int64](repeating: -7, count: slices.count)
        // Halves, so that several are the largest.
        let halves = x.map { ($0 * 2).rounded() / 2 }
        tk_arg_reduce(
          T.code, Int32(operation), shape.outer, shape.n, shape.inner, halves, &position)
        let expected = shape.slices(halves).map { slice in
          Int64(slice.firstIndex { $0 == (operation == TK_MAX ? slice.max() : slice.min()) } ?? 0)
        }
        #expect(position == expected)
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test("pass on NaN", arguments: [1, 3, 8, 20, 70])
  func notANumber(inner: Int) {
    func check<T: KernelNumber>(_: T.Type) {
      for n in [1, 2, 9, 40] {
        for k in 0..<n {
          var x = repeatable(n * inner) as [T]
          x[k * inner + inner - 1] = .nan
          for operation in [TK_MAX, TK_MIN, TK_SUM] {
            var y = [T](repeating: 0, count: inner), position = [Int64](repeating: 0, count: inner)
            tk_reduce(T.code, Int32(operation), 1, n, inner, x, &y)
            #expect(y.map(\.isNaN) == (0..<inner).map { $0 == inner - 1 })
            if operation != TK_SUM {
              tk_arg_reduce(T.code, Int32(operation), 1, n, inner, x, &position)
              #expect(position[inner - 1] == Int64(k))
            }
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test("give a slice the same bits whatever is beside it", arguments: [1, 2, 6, 9, 21, 70])
  func positions(n: Int) {
    func check<T: KernelNumber>(_: T.Type) {
      let slice = repeatable(n) as [T]
      var alone = [T](repeating: 0, count: 1), logarithm = alone
      tk_reduce(T.code, Int32(TK_SUM), 1, n, 1, slice, &alone)
      tk_log_sum_exp(T.code, 1, n, 1, slice, &logarithm)
      for outer in 1...20 {
        let x = (0..<outer).flatMap { _ in slice }
        var y = [T](repeating: 0, count: outer)
        tk_reduce(T.code, Int32(TK_SUM), outer, n, 1, x, &y)
        #expect(y.allSatisfy { $0 == alone[0] })
        tk_log_sum_exp(T.code, outer, n, 1, x, &y)
        #expect(y.allSatisfy { $0 == logarithm[0] })
      }
      for inner in 2...40 {
        let x = slice.flatMap { [T](repeating: $0, count: inner) }
        var y = [T](repeating: 0, count: inner)
        tk_reduce(T.code, Int32(TK_SUM), 1, n, inner, x, &y)
        #expect(y.allSatisfy { $0 == y[0] })
        tk_log_sum_exp(T.code, 1, n, inner, x, &y)
        #expect(y.allSatisfy { $0 == y[0] })
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test("add up cumulatively", arguments: Slices.all)
  func cumulative(shape: Slices) {
    func check<T: KernelNumber>(_: T.Type) {
      var numbers = TestNumbers(state: 13)
      let x: [T] = numbers.reals(shape.count)
      for reversed in [false, true] {
        var y = [T](repeating: 0, count: x.count)
        tk_cumulative_sum(
          T.code, reversed ? 1 : 0, shape.outer, shape.n, shape.inner, x, &y)
        let expected = shape.slices(x).map { slice -> [Wide] in
          var sum: Wide = 0
          let sums = (reversed ? slice.reversed() : slice).map { x -> Wide in
            sum += x.wide
            return sum
          }
          return reversed ? sums.reversed() : sums
        }
        // Floats are added up more precisely, doubles one after another.
        let rounding = T.self == Float.self ? Wide(shape.n).squareRoot() : Wide(shape.n)
        expectClose(y, shape.joined(expected), 8 * (1 + rounding))
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test("multiply vectors", arguments: [0, 1, 2, 5, 8, 15, 16, 31, 64, 100, 5000])
  func dot(n: Int) {
    func check<T: KernelNumber>(_: T.Type) {
      var numbers = TestNumbers(state: 14)
      let x: [T] = numbers.reals(n), y: [T] = numbers.reals(n)
      let expected = zip(x, y).reduce(Wide(0)) { $0 + $1.0.wide * $1.1.wide }
      #expect(abs(Wide(tk_dot(T.code, n, x, y)) - expected) <= 1e-13 * (1 + Wide(n).squareRoot()))
    }
    check(Float.self)
    check(Double.self)
  }
}

func repeatable<T: KernelNumber>(_ count: Int) -> [T] {
  var numbers = TestNumbers(state: 15)
  return numbers.reals(count)
}
