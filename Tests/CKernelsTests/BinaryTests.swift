import CKernels
import Testing

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

@Suite("Operations of two operands")
struct BinaryTests {
  static let operations: [(Int, @Sendable (Double, Double) -> Double)] = [
    (TK_ADD, { $0 + $1 }), (TK_SUBTRACT, { $0 - $1 }), (TK_MULTIPLY, { $0 * $1 }),
    (TK_DIVIDE, { $0 / $1 }), (TK_MAXIMUM, { max($0, $1) }), (TK_MINIMUM, { min($0, $1) }),
    (TK_LESS, { $0 < $1 ? 1 : 0 }), (TK_LESS_EQUAL, { $0 <= $1 ? 1 : 0 }),
    (TK_EQUAL, { $0 == $1 ? 1 : 0 }), (TK_NOT_EQUAL, { $0 != $1 ? 1 : 0 }),
    (TK_POW, { pow(abs($0), $1) }), (TK_ATAN2, { atan2($0, $1) }),
  ]

  @Test("follow rows and steps", arguments: 0..<operations.count)
  func strides(index: Int) {
    let (operation, function) = Self.operations[index]
    func check<T: KernelNumber>(_: T.Type) {
      var numbers = TestNumbers(state: 9)
      for rows in [0, 1, 2, 5, 70] {
        for n in [0, 1, 2, 3, 7, 8, 9, 16, 19, 33, 40] {
          for pattern in 0..<36 {
            let (aStep, bStep) = (pattern % 2, pattern / 2 % 2)
            let (aRow, bRow) = ([0, 1, n][pattern / 4 % 3], [0, n, n + 2][pattern / 12])
            var a: [T] = numbers.multiples(of: 0.5, (rows + 1) * (n + 3), below: 4)
            let b: [T] = numbers.multiples(of: 0.5, (rows + 1) * (n + 3), below: 4)
            if operation == TK_POW { a = a.map(abs) }
            var out = [T](repeating: 0, count: rows * n)
            tk_binary(
              T.code, Int32(operation), rows, n, a, aRow, aStep, b, bRow, bStep, &out)
            for row in 0..<rows {
              for i in 0..<n {
                let expected = function(
                  Double(a[row * aRow + i * aStep]), Double(b[row * bRow + i * bStep]))
                #expect(out[row * n + i].distance(from: Wide(expected)) <= 2)
              }
            }
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test("keep the power accurate")
  func power() {
    func check<T: KernelNumber>(_: T.Type, _ ranges: [(ClosedRange<Double>, ClosedRange<Double>)]) {
      var numbers = TestNumbers(state: 10)
      for (logarithms, exponents) in ranges {
        let a: [T] = (numbers.reals(4000, in: logarithms) as [Double]).map { T(exp($0)) }
        let b: [T] = numbers.reals(4000, in: exponents)
        let worst = zip(zip(a, b), binary(TK_POW, a, b)).map { operands, y in
          y.distance(from: pow(operands.0.wide, operands.1.wide))
        }.max()!
        #expect(worst <= 2)
      }
    }
    check(Float.self, [(-10...10, -8...8), (-0.5...0.5, -170...170), (-87...87, -1...1)])
    check(Double.self, [(-10...10, -70...70), (-0.5...0.5, -1400...1400), (-700...700, -1...1)])
  }

  @Test("keep the limits of C")
  func limits() {
    func check<T: KernelNumber>(_: T.Type) {
      let values: [T] = [
        0, -0.0, 1, -1, 2, -2, 3, 0.5, -0.5, 1e30, -1e30, .infinity, -.infinity, .nan,
        .leastNonzeroMagnitude, .greatestFiniteMagnitude,
      ]
      for a in values {
        for b in values {
          let power = binary(TK_POW, [a], [b])[0], angle = binary(TK_ATAN2, [a], [b])[0]
          let expected = T(wide: pow(a.wide, b.wide)), direction = T(wide: atan2(a.wide, b.wide))
          #expect(power.distance(from: expected.wide) <= 2, "pow(\(a), \(b)) = \(power)")
          #expect(angle.distance(from: direction.wide) <= 2, "atan2(\(a), \(b)) = \(angle)")
          if expected == 0 { #expect(power.sign == expected.sign, "pow(\(a), \(b))") }
          if direction == 0 { #expect(angle.sign == direction.sign, "atan2(\(a), \(b))") }
          let largest = binary(TK_MAXIMUM, [a], [b])[0], least = binary(TK_MINIMUM, [a], [b])[0]
          if a.isNaN || b.isNaN {
            #expect(largest.isNaN && least.isNaN)
          } else {
            #expect(largest == max(a, b) && least == min(a, b))
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test("select, clip, fill, convert, scale and add")
  func others() {
    func check<T: KernelNumber>(_: T.Type) {
      var numbers = TestNumbers(state: 11)
      for n in 0...40 {
        let x: [T] = numbers.reals(n), y: [T] = numbers.reals(n)
        let condition = x.map { $0 > 0 ? T(2) : 0 }
        var out = [T](repeating: 0, count: n)
        tk_select(T.code, n, condition, x, y, &out)
        #expect(out == zip(x, y).map { $0 > 0 ? $0 : $1 })
        tk_clip(T.code, n, -0.5, 0.25, x, &out)
        #expect(out == x.map { max(-0.5, min(0.25, $0)) })
        tk_fill(T.code, n, 1.5, &out)
        #expect(out == [T](repeating: 1.5, count: n))
        tk_affine(T.code, n, 2, 0.5, x, &out)
        #expect(zip(out, x).allSatisfy { abs($0 - (2 * $1 + 0.5)) <= 4 * T.ulpOfOne })
        var sum = y
        tk_add_scaled(T.code, n, 0.5, x, &sum)
        #expect(zip(sum, zip(x, y)).allSatisfy { abs($0 - (0.5 * $1.0 + $1.1)) <= 2 * T.ulpOfOne })
        var double = [Double](repeating: 0, count: n), float = [Float](repeating: 0, count: n)
        tk_convert(T.code, Int32(TK_F64), n, x, &double)
        tk_convert(T.code, Int32(TK_F32), n, x, &float)
        #expect(double == x.map { Double($0) } && float == x.map { Float($0) })
      }
      var nan: [T] = [.nan]
      tk_clip(T.code, 1, -1, 1, nan, &nan)
      #expect(nan[0].isNaN)
    }
    check(Float.self)
    check(Double.self)
  }
}
