/// The primal-dual scaling of a three-dimensional exponential or power cone (Dahl and Andersen 2022;
/// Goulart and Chen 2024, section 4): the matrix nearest to μ∇²f*(z) with Hz = s and Hz̃ = s̃.
///
/// A dual cone is the image of a primal one under a linear map M, which is applied here: s' = Ms is in the
/// cone with the barrier.
final class NonsymmetricScaling: ConeScaling {
  typealias Triple = SIMD3<Double>

  private var barrier: ScaledBarrier
  private let map: ConeMap
  private var H = SymmetricThree.identity
  private var hessian = SymmetricThree.identity
  private var gradient = Triple()
  private var z = Triple()

  init(_ cone: Cone) {
    map = ConeMap(of: cone)
    if case .power(let exponent) = cone {
      barrier = ScaledBarrier(base: .power(exponent.magnitude))
    } else {
      barrier = ScaledBarrier(base: .exponential)
    }
  }

  /// The factors of the rows of the cone, which need not be alike.
  var rowScale: Triple {
    get { barrier.scale }
    set { barrier.scale = newValue }
  }

  var degree: Int { 3 }
  var isSymmetric: Bool { false }
  var form: ConeBlockForm { .dense }

  func setUnit(_ s: Numbers) { store(map.inverse(barrier.unit), s) }

  /// The dual's starting point, which differs where the cone is an image of another.
  func setDualUnit(_ z: Numbers) { store(map.transpose(barrier.dualUnit), z) }

  /// Writes a slack and the dual point -∇f of it, with which it is on the central path; leaves both as they are if
  /// the slack is not in the interior.
  func setCentered(_ slack: [Double], s: Numbers, z: Numbers) {
    let sPoint = map.forward(Triple(slack[0], slack[1], slack[2]))
    guard barrier.primalContains(sPoint) else { return }
    let zPoint = barrier.shadow(ofPrimal: sPoint)
    guard barrier.dualContains(zPoint) else { return }
    store(map.inverse(sPoint), s)
    store(map.transpose(zPoint), z)
  }

  func margin(_ v: Numbers) -> Double { .infinity }
  func shift(_ v: Numbers, by amount: Double) {}
  func setIdentity() { H = .identity }

  /// Whether both points are in the interiors of their cones.
  func contains(s: Numbers, z: Numbers) -> Bool {
    barrier.primalContains(map.forward(load(s)))
      && barrier.dualContains(map.inverseTranspose(load(z)))
  }

  func update(s: Numbers, z: Numbers, barrier mu: Double, dualOnly: Bool) -> Bool {
    let sPoint = map.forward(load(s))
    let zPoint = map.inverseTranspose(load(z))
    guard barrier.primalContains(sPoint), barrier.dualContains(zPoint) else { return false }
    self.z = zPoint
    gradient = barrier.gradient(zPoint)
    hessian = barrier.hessian(zPoint)
    H = hessian.scaled(by: mu)
    if dualOnly { return true }

    let product = (sPoint * zPoint).sum()
    let zShadow = barrier.shadow(ofPrimal: sPoint)
    let sShadow = -gradient
    let ownMu = product / 3
    let shadowMu = (sShadow * zShadow).sum() / 3
    let ds = sPoint - ownMu * sShadow
    let dz = zPoint - ownMu * zShadow
    let dsdz = (ds * dz).sum()
    let first = ownMu * shadowMu - 1
    let hz = hessian.times(zShadow)
    let second = (zShadow * hz).sum() - 3 * shadowMu * shadowMu
    let tiny = 2.2e-16
    guard first.magnitude > tiny.squareRoot(), second.magnitude > tiny, product > 0, dsdz > 0,
      ds.x.isFinite, dz.x.isFinite
    else { return true }
    // The third axis, orthogonal to z and z̃.
    var axis = Triple(
      zPoint.y * zShadow.z - zPoint.z * zShadow.y, zPoint.z * zShadow.x - zPoint.x * zShadow.z,
      zPoint.x * zShadow.y - zPoint.y * zShadow.x)
    let length = (axis * axis).sum().squareRoot()
    guard length > 0 else { return true }
    axis /= length
    var difference = hessian
    difference.add(sShadow, times: -1.0 / 3)
    difference.add(hz - shadowMu * sShadow, times: -1 / second)
    var scaling = SymmetricThree()
    scaling.add(sPoint, times: 1 / product)
    scaling.add(ds, times: 1 / dsdz)
    scaling.add(axis, times: ownMu * difference.frobeniusNorm)
    if scaling.frobeniusNorm.isFinite { H = scaling }
    return true
  }

  func multiply(_ v: Numbers, into out: Numbers) {
    store(map.inverse(H.times(map.inverseTranspose(load(v)))), out)
  }

  func correctedSlack(s: Numbers, ds: Numbers, dz: Numbers, barrier mu: Double, into out: Numbers) {
    let sPoint = map.forward(load(s))
    let dsPoint = map.forward(load(ds))
    let dzPoint = map.inverseTranspose(load(dz))
    var result = sPoint + mu * gradient
    if let u = hessian.solve(dsPoint) {
      let correction = barrier.third(at: z, dzPoint, u) * -0.5
      if correction.x.isFinite, correction.y.isFinite, correction.z.isFinite {
        result += correction
      }
    }
    store(map.inverse(result), out)
  }

  func maximumStep(s: Numbers, z: Numbers, ds: Numbers, dz: Numbers, limit: Double) -> Double {
    let sPoint = map.forward(load(s))
    let zPoint = map.inverseTranspose(load(z))
    let dsPoint = map.forward(load(ds))
    let dzPoint = map.inverseTranspose(load(dz))
    var step = limit
    while step > 1e-12 {
      if barrier.primalContains(sPoint + step * dsPoint),
        barrier.dualContains(zPoint + step * dzPoint)
      {
        return step
      }
      step *= 0.9
    }
    return 0
  }

  func barrier(s: Numbers, z: Numbers, ds: Numbers, dz: Numbers, step: Double) -> Double {
    let sPoint = map.forward(load(s)) + step * map.forward(load(ds))
    let zPoint = map.inverseTranspose(load(z)) + step * map.inverseTranspose(load(dz))
    guard barrier.primalContains(sPoint), barrier.dualContains(zPoint) else { return .infinity }
    // f(s) = -3 - f*(z̃) by conjugacy.
    return barrier.value(zPoint) - 3 - barrier.value(barrier.shadow(ofPrimal: sPoint))
  }

  func writeResidualWeights(_ out: Numbers) {
    out.update(repeating: 1 / (1 + H.frobeniusNorm), count: 3)
  }

  func writeBlock(_ out: Numbers) {
    let M = map.conjugate(H)
    out[0] = -M.xx
    out[1] = -M.xy
    out[2] = -M.yy
    out[3] = -M.xz
    out[4] = -M.yz
    out[5] = -M.zz
  }

  private func load(_ v: Numbers) -> Triple { Triple(v[0], v[1], v[2]) }

  private func store(_ v: Triple, _ out: Numbers) {
    out[0] = v.x
    out[1] = v.y
    out[2] = v.z
  }
}

/// The barrier of a cone whose coordinates have been multiplied by `scale`.
private struct ScaledBarrier {
  typealias Triple = SIMD3<Double>

  let base: NonsymmetricBarrier
  var scale = Triple(repeating: 1)

  var unit: Triple { scale * base.unit }
  var dualUnit: Triple { base.unit / scale }
  func primalContains(_ s: Triple) -> Bool { base.primalContains(s / scale) }
  func dualContains(_ z: Triple) -> Bool { base.dualContains(scale * z) }
  func value(_ z: Triple) -> Double { base.value(scale * z) }
  func gradient(_ z: Triple) -> Triple { scale * base.gradient(scale * z) }
  func shadow(ofPrimal s: Triple) -> Triple { base.shadow(ofPrimal: s / scale) / scale }
  func third(at z: Triple, _ p: Triple, _ q: Triple) -> Triple {
    scale * base.third(at: scale * z, scale * p, scale * q)
  }
  func hessian(_ z: Triple) -> SymmetricThree {
    let H = base.hessian(scale * z)
    return SymmetricThree(
      xx: H.xx * scale.x * scale.x, xy: H.xy * scale.x * scale.y, yy: H.yy * scale.y * scale.y,
      xz: H.xz * scale.x * scale.z, yz: H.yz * scale.y * scale.z, zz: H.zz * scale.z * scale.z)
  }
}

/// The linear map M that takes a dual cone to the primal cone of the same family.
enum ConeMap {
  case identity
  /// (u, v, w) ↦ (u - v, -u, w): the dual exponential cone to the exponential one.
  case dualExponential
  case diagonal(SIMD3<Double>)

  typealias Triple = SIMD3<Double>

  /// Mv.
  func forward(_ v: Triple) -> Triple {
    switch self {
    case .identity: v
    case .dualExponential: Triple(v.x - v.y, -v.x, v.z)
    case .diagonal(let d): d * v
    }
  }

  /// M⁻¹v.
  func inverse(_ v: Triple) -> Triple {
    switch self {
    case .identity: v
    case .dualExponential: Triple(-v.y, -v.x - v.y, v.z)
    case .diagonal(let d): v / d
    }
  }

  /// Mᵀv.
  func transpose(_ v: Triple) -> Triple {
    switch self {
    case .identity: v
    case .dualExponential: Triple(v.x - v.y, -v.x, v.z)
    case .diagonal(let d): d * v
    }
  }

  /// M⁻ᵀv.
  func inverseTranspose(_ v: Triple) -> Triple {
    switch self {
    case .identity: v
    case .dualExponential: Triple(-v.y, -v.x - v.y, v.z)
    case .diagonal(let d): v / d
    }
  }

  /// M⁻¹HM⁻ᵀ.
  func conjugate(_ H: SymmetricThree) -> SymmetricThree {
    if case .identity = self { return H }
    let columns = [Triple(1, 0, 0), Triple(0, 1, 0), Triple(0, 0, 1)].map {
      inverse(H.times(inverseTranspose($0)))
    }
    return SymmetricThree(
      xx: columns[0].x, xy: columns[1].x, yy: columns[1].y, xz: columns[2].x, yz: columns[2].y,
      zz: columns[2].z)
  }
}
