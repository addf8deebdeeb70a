import Autodiff
import LinearAlgebra
import OptimizationCore

/// The data of a batch of quadratic programs as tensors, those that were given.
struct ProgramTensors: Sendable {
  enum Datum: Int, CaseIterable, Sendable {
    case Q, p, G, h, A, b

    var name: String { ["Q", "p", "G", "h", "A", "b"][rawValue] }
    /// The number of axes without the batch's.
    var rank: Int { self == .Q || self == .G || self == .A ? 2 : 1 }
  }

  /// Which data there are.
  let present: [Datum]
  /// One for each of those.
  let tensors: [Tensor]

  init(Q: Tensor?, p: Tensor, G: Tensor?, h: Tensor?, A: Tensor?, b: Tensor?) {
    let all = [Q, p, G, h, A, b]
    present = Datum.allCases.filter { all[$0.rawValue] != nil }
    tensors = all.compactMap { $0 }
  }

  private init(present: [Datum], tensors: [Tensor]) {
    self.present = present
    self.tensors = tensors
  }

  /// The same data with other values: tangents, cotangents, or what is below a trace.
  func with(_ tensors: [Tensor]) -> ProgramTensors {
    ProgramTensors(present: present, tensors: tensors)
  }

  subscript(datum: Datum) -> Tensor? {
    present.firstIndex(of: datum).map { tensors[$0] }
  }

  var isTraced: Bool { tensors.contains(where: \.isTraced) }

  /// Whether the tensor at a position has no batch axis.
  func isShared(_ index: Int) -> Bool { tensors[index].rank == present[index].rank }

  /// The size of the batch, nil if no datum has a batch axis.
  func batchSize() throws(ProblemError) -> Int? {
    var size: Int?
    for (datum, tensor) in zip(present, tensors) {
      if tensor.dtype != .float64 {
        throw .elementType(
          argument: datum.name, expected: "\(DType.float64)", actual: "\(tensor.dtype)")
      }
      if tensor.rank == datum.rank { continue }
      guard tensor.rank == datum.rank + 1 else {
        throw .shape(
          argument: datum.name, item: nil, expected: expectedShape(datum), actual: tensor.shape)
      }
      if let size, tensor.shape[0] != size {
        throw .batchSize(argument: datum.name, expected: size, actual: tensor.shape[0])
      }
      size = tensor.shape[0]
    }
    return size
  }

  /// What the shape of a datum without batch axis follows to be from p and the bounds.
  private func expectedShape(_ datum: Datum) -> [Int] {
    func length(_ vector: Datum) -> Int { self[vector]?.shape.last ?? 0 }
    switch datum {
    case .Q: return [length(.p), length(.p)]
    case .G: return [length(.h), length(.p)]
    case .A: return [length(.b), length(.p)]
    case .p, .h, .b: return [length(datum)]
    }
  }

  func matrix(_ datum: Datum) -> BatchedMatrix? { self[datum].map(BatchedMatrix.init) }
  func vector(_ datum: Datum) -> BatchedVector? { self[datum].map(BatchedVector.init) }
}

// MARK: - Tensors and buffers

extension Tensor {
  /// A tensor of some shape with the elements of a solver's buffer, copied.
  init(_ buffer: AlignedBuffer, shape: [Int]) {
    self.init(uninitialized: shape, dtype: .float64)
    precondition(count == buffer.count, "Tensor: \(buffer.count) elements for the shape \(shape)")
    doubles.update(from: buffer.pointer, count: count)
  }

  /// The elements of a float64 tensor.
  var doubles: UnsafeMutablePointer<Double> { memory.assumingMemoryBound(to: Double.self) }

  fileprivate var alignedBuffer: AlignedBuffer {
    let buffer = AlignedBuffer(uninitializedCount: count)
    buffer.pointer.update(from: doubles, count: count)
    return buffer
  }
}

extension BatchedMatrix {
  /// From a float64 tensor `[B, rows, columns]` or `[rows, columns]`.
  init(_ tensor: Tensor) {
    let rank = tensor.rank
    self.init(
      items: rank == 3 ? tensor.shape[0] : nil, rows: tensor.shape[rank - 2],
      columns: tensor.shape[rank - 1], storage: tensor.alignedBuffer)
  }
}

extension BatchedVector {
  /// From a float64 tensor `[B, count]` or `[count]`.
  init(_ tensor: Tensor) {
    self.init(
      items: tensor.rank == 2 ? tensor.shape[0] : nil, count: tensor.shape[tensor.rank - 1],
      storage: tensor.alignedBuffer)
  }
}
