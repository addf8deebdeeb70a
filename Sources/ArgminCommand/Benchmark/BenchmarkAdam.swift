import Argmin
import CKernels
import Foundation

/// Adam with the customary settings on a list of tensors, in place by the package's kernel.
struct BenchmarkAdam {
  private let rate = 1e-3
  private var first: [Tensor]
  private var second: [Tensor]
  private var count = 0

  init(_ parameters: [Tensor]) {
    first = parameters.map { Tensor.zeros(like: $0) }
    second = first.map { Tensor.zeros(like: $0) }
  }

  mutating func update(_ parameters: inout [Tensor], along gradient: [Tensor]) {
    count += 1
    let (correction1, correction2) = (1 - power(0.9), 1 - power(0.999))
    for index in parameters.indices {
      let slope = gradient[index]
      parameters[index].withMutableStorage { x in
        first[index].withMutableStorage { m in
          second[index].withMutableStorage { v in
            tk_adam(
              slope.typeCode, slope.count, rate, 0.9, 0.999, 1e-8, 0, correction1, correction2,
              slope.memory, m, v, x)
          }
        }
      }
    }
  }

  private func power(_ base: Double) -> Double {
    pow(base, Double(count))
  }
}
