/// A vector for every item of a batch, shape `[B, count]`, or one shared by all, shape `[count]`.
public struct BatchedVector: Sendable, Equatable {
  /// The number of items, or nil for a vector shared by the batch.
  public let items: Int?
  /// The length of each vector.
  public let count: Int
  package let storage: AlignedBuffer

  package init(items: Int?, count: Int, storage: AlignedBuffer) {
    precondition(
      storage.count == (items ?? 1) * count,
      "BatchedVector: \(storage.count) elements for \(items ?? 1) x \(count)")
    self.items = items
    self.count = count
    self.storage = storage
  }

  /// One vector shared by the batch.
  public init(shared vector: Vector) {
    self.init(items: nil, count: vector.count, storage: vector.storage)
  }

  /// One vector per item. All must have the length of the first; an empty list takes `count`.
  public init(_ vectors: [Vector], count emptyCount: Int = 0) {
    let count = vectors.first?.count ?? emptyCount
    let storage = AlignedBuffer(uninitializedCount: vectors.count * count)
    for (item, vector) in vectors.enumerated() {
      precondition(
        vector.count == count,
        "BatchedVector: item \(item) has \(vector.count) elements, not \(count)")
      (storage.pointer + item * count).update(from: vector.storage.pointer, count: count)
    }
    self.init(items: vectors.count, count: count, storage: storage)
  }

  /// One vector per item from elements in the order `[item, index]`.
  public init(items: Int, count: Int, elements: [Double]) {
    self.init(items: items, count: count, storage: AlignedBuffer(elements))
  }

  /// The vector of an item (any item, if it is shared).
  public subscript(item: Int) -> Vector {
    checkItem(item, items)
    let result = AlignedBuffer(uninitializedCount: count)
    result.pointer.update(from: pointer(item), count: count)
    return Vector(storage: result)
  }

  /// All elements in the order `[item, index]`.
  public var array: [Double] {
    Array(UnsafeBufferPointer(start: storage.pointer, count: storage.count))
  }

  package func pointer(_ item: Int) -> UnsafeMutablePointer<Double> {
    items == nil ? storage.pointer : storage.pointer + item * count
  }

  /// Whether both have the same shape and equal elements; a shared vector differs from a batch of one.
  public static func == (left: BatchedVector, right: BatchedVector) -> Bool {
    left.items == right.items && left.count == right.count && left.array == right.array
  }
}

/// A matrix for every item of a batch, shape `[B, rows, columns]`, or one shared by all, shape
/// `[rows, columns]`; row-major.
public struct BatchedMatrix: Sendable, Equatable {
  /// The number of items, or nil for a matrix shared by the batch.
  public let items: Int?
  /// The number of rows of each matrix.
  public let rows: Int
  /// The number of columns of each matrix.
  public let columns: Int
  package let storage: AlignedBuffer

  package init(items: Int?, rows: Int, columns: Int, storage: AlignedBuffer) {
    precondition(
      storage.count == (items ?? 1) * rows * columns,
      "BatchedMatrix: \(storage.count) elements for \(items ?? 1) x [\(rows), \(columns)]")
    self.items = items
    self.rows = rows
    self.columns = columns
    self.storage = storage
  }

  /// One matrix shared by the batch.
  public init(shared matrix: Matrix) {
    self.init(items: nil, rows: matrix.rows, columns: matrix.columns, storage: matrix.storage)
  }

  /// One matrix per item. All must have the shape of the first; an empty list takes `rows`, `columns`.
  public init(_ matrices: [Matrix], rows emptyRows: Int = 0, columns emptyColumns: Int = 0) {
    let rows = matrices.first?.rows ?? emptyRows
    let columns = matrices.first?.columns ?? emptyColumns
    let storage = AlignedBuffer(uninitializedCount: matrices.count * rows * columns)
    for (item, matrix) in matrices.enumerated() {
      precondition(
        matrix.rows == rows && matrix.columns == columns,
        "BatchedMatrix: item \(item) is [\(matrix.rows), \(matrix.columns)], not [\(rows), \(columns)]"
      )
      (storage.pointer + item * rows * columns)
        .update(from: matrix.storage.pointer, count: rows * columns)
    }
    self.init(items: matrices.count, rows: rows, columns: columns, storage: storage)
  }

  /// One matrix per item from elements in the order `[item, row, column]`.
  public init(items: Int, rows: Int, columns: Int, elements: [Double]) {
    self.init(items: items, rows: rows, columns: columns, storage: AlignedBuffer(elements))
  }

  /// The matrix of an item (any item, if it is shared).
  public subscript(item: Int) -> Matrix {
    checkItem(item, items)
    let result = AlignedBuffer(uninitializedCount: rows * columns)
    result.pointer.update(from: pointer(item), count: rows * columns)
    return Matrix(rows: rows, columns: columns, storage: result)
  }

  /// All elements in the order `[item, row, column]`.
  public var array: [Double] {
    Array(UnsafeBufferPointer(start: storage.pointer, count: storage.count))
  }

  package func pointer(_ item: Int) -> UnsafeMutablePointer<Double> {
    items == nil ? storage.pointer : storage.pointer + item * rows * columns
  }

  /// Whether both have the same shape and equal elements; a shared matrix differs from a batch of one.
  public static func == (left: BatchedMatrix, right: BatchedMatrix) -> Bool {
    left.items == right.items && left.rows == right.rows && left.columns == right.columns
      && left.array == right.array
  }
}

private func checkItem(_ item: Int, _ items: Int?) {
  precondition(
    item >= 0 && item < items ?? Int.max, "item \(item) of a batch of \(items ?? 1)")
}
