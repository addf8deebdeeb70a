import CKernels

/// The elementwise operations on two operands, with broadcasting: the kernels only.
enum BinaryOperation: Sendable {
  case add, subtract, multiply, divide, power, maximum, minimum, atan2
  case less, lessOrEqual, equal, notEqual

  private var code: Int32 {
    switch self {
    case .add: Int32(TK_ADD)
    case .subtract: Int32(TK_SUBTRACT)
    case .multiply: Int32(TK_MULTIPLY)
    case .divide: Int32(TK_DIVIDE)
    case .power: Int32(TK_POW)
    case .maximum: Int32(TK_MAXIMUM)
    case .minimum: Int32(TK_MINIMUM)
    case .atan2: Int32(TK_ATAN2)
    case .less: Int32(TK_LESS)
    case .lessOrEqual: Int32(TK_LESS_EQUAL)
    case .equal: Int32(TK_EQUAL)
    case .notEqual: Int32(TK_NOT_EQUAL)
    }
  }

  /// The result for operands whose traces are of no account.
  func apply(_ a: Tensor, _ b: Tensor) -> Tensor {
    requireSameType(a, b, "\(self)")
    if a.shape == b.shape {
      let result = Tensor(uninitializedLike: a)
      tk_binary(a.typeCode, code, 1, a.count, a.memory, 0, 1, b.memory, 0, 1, result.memory)
      return result
    }
    let shape = broadcastShape(a.shape, b.shape, "\(self)")
    let result = Tensor(uninitialized: shape, dtype: a.dtype)
    if result.count == 0 { return result }
    let walk = BroadcastWalk(a.shape, b.shape, common: shape)
    let size = a.dtype.byteCount
    walk.forEachBlock { offsetA, offsetB, offset in
      tk_binary(
        a.typeCode, code, walk.rows, walk.columns, a.memory + offsetA * size, walk.rowA,
        walk.stepA, b.memory + offsetB * size, walk.rowB, walk.stepB,
        result.memory + offset * size)
    }
    return result
  }
}

@inline(__always)
func requireSameType(_ a: Tensor, _ b: Tensor, _ operation: @autoclosure () -> String) {
  precondition(
    a.dtype == b.dtype,
    "\(operation()): \(a.dtype) \(a.shape) and \(b.dtype) \(b.shape); convert one with asType")
}

/// Two operands read in a common shape as blocks of rows: neighbouring axes along which both go on evenly
/// are merged, the last two of what remains are the rows and columns of a block.
private struct BroadcastWalk {
  private(set) var rows = 1, columns = 1
  private(set) var rowA = 0, stepA = 0, rowB = 0, stepB = 0
  /// The axes outside the blocks, outermost first: length, strides of a and b.
  private var outer: [(length: Int, a: Int, b: Int)] = []

  init(_ a: [Int], _ b: [Int], common: [Int]) {
    let stridesA = broadcastStrides(a, to: common)
    let stridesB = broadcastStrides(b, to: common)
    var axes: [(length: Int, a: Int, b: Int)] = []
    for axis in common.indices where common[axis] != 1 {
      let next = (length: common[axis], a: stridesA[axis], b: stridesB[axis])
      if let last = axes.last, last.a == next.a * next.length, last.b == next.b * next.length {
        axes[axes.count - 1] = (last.length * next.length, next.a, next.b)
      } else {
        axes.append(next)
      }
    }
    if let last = axes.popLast() { (columns, stepA, stepB) = last }
    if let last = axes.popLast() { (rows, rowA, rowB) = last }
    outer = axes
  }

  func forEachBlock(_ body: (_ offsetA: Int, _ offsetB: Int, _ offset: Int) -> Void) {
    let blockSize = rows * columns
    guard !outer.isEmpty else { return body(0, 0, 0) }
    var index = [Int](repeating: 0, count: outer.count)
    var offsetA = 0
    var offsetB = 0
    var offset = 0
    while true {
      body(offsetA, offsetB, offset)
      offset += blockSize
      var axis = outer.count - 1
      while true {
        index[axis] += 1
        offsetA += outer[axis].a
        offsetB += outer[axis].b
        if index[axis] < outer[axis].length { break }
        offsetA -= outer[axis].a * outer[axis].length
        offsetB -= outer[axis].b * outer[axis].length
        index[axis] = 0
        axis -= 1
        if axis < 0 { return }
      }
    }
  }
}
