import CKernels
import Testing

@Suite("Steps of optimizers")
struct OptimizerStepTests {
  @Test("Adam agrees with its formula", arguments: [0, 1, 3, 8, 16, 21, 45])
  func adam(n: Int) {
    func check<T: KernelNumber>(_: T.Type) {
      var numbers = TestNumbers(state: 18)
      let (rate, beta1, beta2, epsilon, decay) = (0.1, 0.9, 0.99, 1e-8, 0.02)
      var m: [T] = numbers.reals(n), v: [T] = numbers.reals(n, in: 0...1), x: [T] = numbers.reals(n)
      for step in 1...3 {
        let g: [T] = numbers.reals(n)
        let (oldM, oldV, oldX) = (m, v, x)
        var power1 = 1.0, power2 = 1.0
        for _ in 0..<step { (power1, power2) = (power1 * beta1, power2 * beta2) }
        tk_adam(
          T.code, n, rate, beta1, beta2, epsilon, decay, 1 - power1, 1 - power2, g, &m, &v, &x)
        for i in 0..<n {
          let gradient = Double(g[i]), start = Double(oldX[i])
          let mean = beta1 * Double(oldM[i]) + (1 - beta1) * gradient
          let square = beta2 * Double(oldV[i]) + (1 - beta2) * gradient * gradient
          let move = rate * (mean / (1 - power1)) / ((square / (1 - power2)).squareRoot() + epsilon)
          let tolerance = 8 * Double(T.ulpOfOne)
          #expect(abs(Double(m[i]) - mean) <= tolerance)
          #expect(abs(Double(v[i]) - square) <= tolerance)
          let expected = start - move - rate * decay * start
          #expect(abs(Double(x[i]) - expected) <= tolerance * (1 + abs(start) + abs(move)))
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }
}
