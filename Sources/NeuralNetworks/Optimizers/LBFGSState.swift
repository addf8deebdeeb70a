import Autodiff

/// Where an L-BFGS minimization stands, with all that the next step needs.
public struct LBFGSState<Point: TensorStructure>: Sendable {
  /// A step s, the change y of the gradient along it, and 1 / s'y.
  struct Pair: Sendable {
    let s: [Double]
    let y: [Double]
    let inverse: Double
  }

  let template: Point
  var x: [Double]
  public internal(set) var value: Double
  var gradient: [Double]
  /// The relative accuracy of the function's type.
  let precision: Double
  var pairs: [Pair] = []
  public internal(set) var iterations = 0
  /// Computations of value and gradient.
  public internal(set) var evaluations = 1

  init(template: Point, x: [Double], value: Double, gradient: [Double], precision: Double) {
    self.template = template
    self.x = x
    self.value = value
    self.gradient = gradient
    self.precision = precision
  }

  public var point: Point { template.replacingScalars(x) }

  /// The largest element of the gradient by size; NaN if one is.
  public var gradientNorm: Double {
    gradient.reduce(0) { $1.isNaN ? .nan : $0.isNaN ? $0 : Swift.max($0, Swift.abs($1)) }
  }

  var progress: LBFGSProgress {
    LBFGSProgress(iterations: iterations, value: value, gradientNorm: gradientNorm)
  }

  /// The start of a line.
  func trial(_ direction: [Double]) -> LineTrial {
    LineTrial(
      t: 0, value: value, slope: dotProduct(gradient, direction), x: x, gradient: gradient)
  }

  /// Minus the approximate inverse Hessian times the gradient (the two loops of Nocedal and Wright 2006,
  /// algorithm 7.4).
  func direction() -> [Double] {
    var q = gradient.map { -$0 }
    var weights: [Double] = []
    for pair in pairs.reversed() {
      let weight = pair.inverse * dotProduct(pair.s, q)
      weights.append(weight)
      for index in q.indices { q[index] -= weight * pair.y[index] }
    }
    if let last = pairs.last {
      let scale = 1 / (last.inverse * dotProduct(last.y, last.y))
      for index in q.indices { q[index] *= scale }
    }
    for (pair, weight) in zip(pairs, weights.reversed()) {
      let correction = weight - pair.inverse * dotProduct(pair.y, q)
      for index in q.indices { q[index] += correction * pair.s[index] }
    }
    return q
  }

  /// Goes to the end of a line and remembers what it says about curvature, if that is positive.
  mutating func accept(_ end: LineTrial, memory: Int) {
    let s = zip(end.x, x).map { $0 - $1 }
    let y = zip(end.gradient, gradient).map { $0 - $1 }
    let curvature = dotProduct(s, y)
    if memory > 0, curvature > 1e-10 * (dotProduct(s, s) * dotProduct(y, y)).squareRoot() {
      pairs.append(Pair(s: s, y: y, inverse: 1 / curvature))
      if pairs.count > memory { pairs.removeFirst() }
    }
    (x, value, gradient) = (end.x, end.value, end.gradient)
    iterations += 1
  }
}
