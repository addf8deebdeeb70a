import Dispatch
import LinearAlgebra
import OptimizationCore

/// What depends on the sparsity patterns and the cones of a program only, found out once and shared by a
/// batch and by repeated solves.
final class ConeProgramStructure: @unchecked Sendable {
  let P: SparsityPattern?
  let A: SparsityPattern
  let cones: ConeProduct
  /// For each entry of P the place of its mirror image, -1 if that is not stored.
  let mirrorOfP: [Int]

  private static let largestOrder = 4000

  private let lock = DispatchSemaphore(value: 1)
  /// Made when first needed; guarded by the lock.
  private var madeLayout: ConicLayout?
  private var madePlan: EliminationPlan?
  private var pattern: KKTPattern?
  private var lastFacePattern: FacePattern?

  init(P: SparsityPattern?, A: SparsityPattern, cones: ConeProduct) {
    self.P = P
    self.A = A
    self.cones = cones
    mirrorOfP = P.map(Self.mirror) ?? []
  }

  /// The rows and cones as the interior point has them.
  var layout: ConicLayout {
    lock.wait()
    defer { lock.signal() }
    return lockedLayout
  }

  /// The layout, the lock being held.
  private var lockedLayout: ConicLayout {
    if let madeLayout { return madeLayout }
    let layout = ConicLayout(self)
    madeLayout = layout
    return layout
  }

  /// Which semidefinite blocks are eliminated.
  var eliminationPlan: EliminationPlan {
    lock.wait()
    defer { lock.signal() }
    if let madePlan { return madePlan }
    let plan = EliminationPlan(lockedLayout)
    madePlan = plan
    return plan
  }

  /// The analysis of the interior point's linear system.
  ///
  /// - Throws: `ProblemError.tooLarge`.
  func kktPattern() throws(ProblemError) -> KKTPattern {
    lock.wait()
    defer { lock.signal() }
    if let pattern { return pattern }
    if let order = cones.semidefinite.max(), order > Self.largestOrder {
      throw .tooLarge(
        reason: "a semidefinite block of order \(order): each iteration would take many minutes; "
          + "up to \(Self.largestOrder) are solved")
    }
    guard let made = KKTPattern(lockedLayout) else {
      throw .tooLarge(
        reason:
          "the factorization of the optimality system of \(A.columns) variables and \(A.rows) "
          + "rows would not fit into memory")
    }
    pattern = made
    return made
  }

  /// The analysis of the optimality system on faces like these; nil if its factor would be too large. The
  /// last one is kept: it depends on the faces of eliminated semidefinite cones only.
  func facePattern(for faces: [ConeFace]) -> FacePattern? {
    let plan = eliminationPlan
    let dimensions = faces.indices.map { index in
      guard case .semidefinite(let face) = faces[index] else { return 0 }
      if case .direct = plan.blocks[index] { return face.positive }
      return face.negative
    }
    lock.wait()
    defer { lock.signal() }
    if let lastFacePattern, lastFacePattern.flatDimensions == dimensions { return lastFacePattern }
    lastFacePattern = FacePattern(lockedLayout, flatDimensions: dimensions)
    return lastFacePattern
  }

  private static func mirror(of pattern: SparsityPattern) -> [Int] {
    guard pattern.rows == pattern.columns else { return [] }
    let (transposed, places) = pattern.transposed()
    if transposed == pattern { return places }
    var mirror = [Int](repeating: -1, count: pattern.entries)
    for column in 0..<pattern.columns {
      for entry in pattern.columnStarts[column]..<pattern.columnStarts[column + 1] {
        mirror[entry] = pattern.place(row: column, column: pattern.rowIndices[entry]) ?? -1
      }
    }
    return mirror
  }
}
