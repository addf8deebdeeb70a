import Autodiff
import Testing

@Suite struct DerivativeTests {
  @Test func thirdAndFourthDerivatives() {
    let x = Tensor(0.7)
    func derivative(_ f: @escaping (Tensor) -> Tensor) -> (Tensor) -> Tensor {
      { gradient(at: $0, of: f) }
    }
    func forward(_ f: @escaping (Tensor) -> Tensor) -> (Tensor) -> Tensor {
      { jvp(at: $0, along: Tensor(1), of: f).tangent }
    }
    let f: (Tensor) -> Tensor = { sin($0) * $0 }
    // (x sin x)'''' = x sin x - 4 cos x
    let expected = 0.7 * sin(Tensor(0.7)).item - 4 * cos(Tensor(0.7)).item
    let all = derivative(derivative(derivative(derivative(f))))(x).item
    let mixed = forward(derivative(forward(derivative(f))))(x).item
    #expect(Swift.abs(all - expected) < 1e-12)
    #expect(Swift.abs(mixed - expected) < 1e-12)
  }

  /// The inner derivative must not see the outer variable as its own: d/dx (x d/dy (x + y)) = 1.
  @Test func nestedLevelsAreNotConfused() {
    let x = Tensor(2)
    let reverse = gradient(at: x) { x in x * gradient(at: Tensor(3)) { y in x + y } }
    let forward = jvp(at: x, along: Tensor(1)) { x in
      x * jvp(at: Tensor(3), along: Tensor(1)) { y in x + y }.tangent
    }.tangent
    #expect(reverse.item == 1)
    #expect(forward.item == 1)
  }

  @Test func pullbackInsideAnotherDerivative() {
    // y = x^3, pullback(v) = 3 x^2 v, a linear function of v.
    let pullback = vjp(at: Tensor(2)) { $0 * $0 * $0 }.pullback
    #expect(gradient(at: Tensor(5)) { pullback($0) * $0 }.item == 120)
    #expect(pullback(Tensor(1)).item == 12)
    #expect(pullback(Tensor(1)).item == 12)
  }

  @Test func jacobiansAndHessians() {
    var random = TestGenerator(seed: 2)
    let A = random.tensor([3, 4])
    let x = random.tensor([4])
    for mode in [JacobianMode.forward, .reverse, .automatic] {
      let J = jacobian(at: x, mode: mode) { matrixVectorProduct(A, $0) }
      #expect(J.shape == [3, 4])
      for (a, b) in zip(J.scalars, A.scalars) { #expect(Swift.abs(a - b) < 1e-14) }
    }
    let H = hessian(at: x) { square(matrixVectorProduct(A, $0)).sum() * 0.5 }
    for (a, b) in zip(H.scalars, matmul(A, A, transposeA: true).scalars) {
      #expect(Swift.abs(a - b) < 1e-13)
    }
    #expect(jacobian(at: Tensor.zeros([0])) { $0.sum() + Tensor([1.0, 2]) }.shape == [2, 0])
    #expect(jacobian(at: x) { _ in Tensor.zeros([0]) }.shape == [0, 4])
  }

  @Test func constantsAndStoppedGradients() {
    #expect(gradient(at: Tensor([1.0, 2])) { _ in Tensor(3) }.scalars == [0, 0])
    #expect(gradient(at: Tensor(3)) { $0 * $0.stoppingGradient() }.item == 3)
    #expect(jvp(at: Tensor(3), along: Tensor(1)) { $0.stoppingGradient() }.tangent.item == 0)
  }

  @Test func escapedTensorsBelongToTheOuterDerivative() {
    let slope = gradient(at: Tensor([2.0])) { x in
      var escaped = Tensor(0.0)
      _ = gradient(at: x) { y in
        escaped = (y * x).sum()
        return y.sum()
      }
      return escaped
    }
    #expect(slope.item == 4)
    var average = Tensor(0)
    for _ in 0..<100 {
      _ = gradient(at: Tensor(1)) { x in
        average = average * 0.9 + x * 0.1
        return x
      }
    }
    #expect(gradient(at: Tensor(1)) { $0 * average }.item == average.item)
  }

  @Test func severalResults() {
    let (value, pullback) = vjp(at: Tensor([1.0, 2])) { x in Pair(x.sum(), x * x) }
    #expect(value.second.scalars == [1, 4])
    #expect(pullback(Pair(Tensor(1), Tensor([1.0, 0]))).scalars == [3, 1])
  }

  @Test func inConcurrentTasks() async {
    let results = await withTaskGroup(of: Double.self) { group in
      for index in 0..<16 {
        group.addTask {
          let x = Tensor(Double(index))
          return hessianVectorProduct(at: x, along: Tensor(1)) { $0 * $0 * $0 }.product.item
            - Double(6 * index)
        }
      }
      return await group.reduce(0, +)
    }
    #expect(results == 0)
  }

  @Test func longChainsAreFreedWithoutRecursion() {
    let slope = gradient(at: Tensor(1)) { x in
      var y = x
      for _ in 0..<200_000 { y = y * 0.99999 }
      return y
    }
    #expect(slope.item > 0.1 && slope.item < 0.2)
  }
}
