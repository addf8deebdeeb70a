import CKernels
import Testing

@Suite("Elementwise functions of the kernels")
struct UnaryTests {
  @Test("are accurate", arguments: UnaryFunction.all)
  func accuracy(function: UnaryFunction) {
    func check<T: KernelNumber>(_: T.Type) {
      var numbers = TestNumbers(state: 7)
      for range in function.ranges {
        let x: [T] = numbers.reals(4000, in: range)
        let y = unary(function.operation, x)
        var worst = (distance: 0.0, at: T(0))
        for (x, y) in zip(x, y) {
          let distance = y.distance(from: function.value(x.wide))
          if !(distance <= worst.distance) { worst = (distance, x) }
        }
        #expect(worst.distance <= function.bound, "\(T.self) \(range) at \(worst.at)")
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test("have the right limits", arguments: UnaryFunction.all)
  func limits(function: UnaryFunction) {
    func check<T: KernelNumber>(_: T.Type) {
      let x: [T] = [
        0, -0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .leastNormalMagnitude, 1, -1,
        .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .infinity, -.infinity, .nan,
      ]
      for (x, y) in zip(x, unary(function.operation, x)) {
        if function.operation == TK_IS_FINITE {
          #expect(y == (x.isFinite ? 1 : 0))
        } else if function.operation == TK_GELU && x == -.infinity {
          #expect(y == 0)
        } else {
          let expected = function.value(x.wide)
          #expect(
            y.distance(from: expected) <= max(function.bound, 1),
            "\(T.self) at \(x): \(y), \(expected)")
          if x == 0, y == 0, x.sign == .plus { #expect(y.sign == T(wide: expected).sign) }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test("have the right derivatives", arguments: UnaryFunction.all)
  func derivatives(function: UnaryFunction) {
    func check<T: KernelNumber>(_: T.Type) {
      var numbers = TestNumbers(state: 8)
      let positive = function.operation == TK_SQRT || function.operation == TK_LOG
      let range = positive || function.operation == TK_LOG1P ? 0.1...3.0 : -3.0...3.0
      let x: [T] = numbers.reals(203, in: range)
      let g: [T] = numbers.reals(203)
      let y = unary(function.operation, x)
      let result = unaryPullback(function.operation, x, y, g)
      for i in x.indices {
        // The value is all that some derivatives see of x.
        let expected = g[i].wide * function.derivative(x[i].wide)
        let scale = abs(g[i].wide) + abs(expected)
        #expect(abs(result[i].wide - expected) <= 12 * T.ulpOfOne.wide * scale)
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test("have derivatives without NaN at infinity and the named ones at zero")
  func limitsOfDerivatives() {
    func check<T: KernelNumber>(_: T.Type) {
      let x: [T] = [-.infinity, 0, .infinity]
      let g: [T] = [3, 3, 3]
      let expected: [(Int, [T])] = [
        (TK_ABS, [-3, 0, 3]), (TK_RELU, [0, 0, 3]), (TK_GELU, [0, 1.5, 3]), (TK_TANH, [0, 3, 0]),
        (TK_SIGMOID, [0, 0.75, 0]), (TK_SOFTPLUS, [0, 1.5, 3]), (TK_ELU, [0, 3, 3]),
        (TK_EXP, [0, 3, .infinity]), (TK_ATAN, [0, 3, 0]), (TK_FLOOR, [0, 0, 0]),
      ]
      for (operation, derivative) in expected {
        #expect(unaryPullback(operation, x, unary(operation, x), g) == derivative)
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test("give the same bits at any position and in place", arguments: UnaryFunction.all)
  func positions(function: UnaryFunction) {
    func check<T: KernelNumber>(_: T.Type) {
      for value in [T(0.37), T(2.6), T(1e6)] {
        let alone = unary(function.operation, [value])[0]
        for n in 1...40 {
          var x = [T](repeating: value, count: n)
          #expect(
            unary(function.operation, x).allSatisfy { $0 == alone || $0.isNaN && alone.isNaN })
          x.withUnsafeMutableBytes { memory in
            let p = memory.baseAddress!
            tk_unary(T.code, Int32(function.operation), n, p, p)
          }
          #expect(x.allSatisfy { $0 == alone || $0.isNaN && alone.isNaN })
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }
}
