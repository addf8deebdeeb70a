import Autodiff
import LinearAlgebra
import OptimizationCore

/// The data of a batch of cone programs as tensors; matrices are the entries of their patterns, so that
/// every datum is a vector per item.
struct ConeProgramTensors: Sendable {
  enum Datum: Int, CaseIterable, Sendable {
    case P, c, A, b

    var name: String { ["P", "c", "A", "b"][rawValue] }
  }

  /// Which data there are: P may be missing.
  let present: [Datum]
  /// One for each of those.
  let tensors: [Tensor]

  init(P: Tensor?, c: Tensor, A: Tensor, b: Tensor) {
    present = P == nil ? [.c, .A, .b] : [.P, .c, .A, .b]
    tensors = (P.map { [$0] } ?? []) + [c, A, b]
  }

  private init(present: [Datum], tensors: [Tensor]) {
    self.present = present
    self.tensors = tensors
  }

  /// The same data with other values: tangents, cotangents, or what is below a trace.
  func with(_ tensors: [Tensor]) -> ConeProgramTensors {
    ConeProgramTensors(present: present, tensors: tensors)
  }

  subscript(datum: Datum) -> Tensor? {
    present.firstIndex(of: datum).map { tensors[$0] }
  }

  var isTraced: Bool { tensors.contains(where: \.isTraced) }

  /// How many derivatives are being taken of the solution, nested in each other; they may be with respect
  /// to different data.
  var derivativeOrder: Int {
    tensors.reduce(into: Set<Int64>()) { $0.formUnion($1.derivativeLevels) }.count
  }

  /// Checks types and shapes; returns the size of the batch, nil if no datum has a batch axis.
  ///
  /// - Parameter lengths: of P, c, A and b without batch axis.
  func batchSize(lengths: [Int]) throws(ProblemError) -> Int? {
    var size: Int?
    for (datum, tensor) in zip(present, tensors) {
      if tensor.dtype != .float64 {
        throw .elementType(
          argument: datum.name, expected: "\(DType.float64)", actual: "\(tensor.dtype)")
      }
      let length = lengths[datum.rawValue]
      guard tensor.rank == 1 || tensor.rank == 2, tensor.shape.last == length else {
        throw .shape(
          argument: datum.name, item: nil, expected: tensor.shape.dropLast().suffix(1) + [length],
          actual: tensor.shape)
      }
      if tensor.rank == 1 { continue }
      if let size, tensor.shape[0] != size {
        throw .batchSize(argument: datum.name, expected: size, actual: tensor.shape[0])
      }
      size = tensor.shape[0]
    }
    return size
  }

  func vector(_ datum: Datum) -> BatchedVector? { self[datum].map(BatchedVector.init) }
}
