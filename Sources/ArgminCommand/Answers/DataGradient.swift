import Argmin
import ProblemFiles

/// The gradient with respect to the data of one problem, alone or in a batch.
struct DataGradient {
  /// The gradient with respect to a datum, in the form in which files have it.
  enum Value {
    case vector(Vector)
    case matrix(Matrix)
    /// Of a sparse matrix, in the order of its `val`.
    case entries(Vector)
    /// Of a matrix that the problem has in dense form, on the places that were kept.
    case sparse(SparseMatrix)
  }

  struct Part {
    let name: String
    let value: Value
  }

  let data: [Part]
  let certificate: DerivativeCertificate
}

extension DataGradient {
  init(_ gradient: QuadraticProgramGradient) {
    self.init(
      Q: gradient.Q, p: gradient.p, G: gradient.G, h: gradient.h, A: gradient.A, b: gradient.b,
      certificate: gradient.certificate)
  }

  /// The gradient of one item of a batch that shares no datum.
  init(_ gradient: QuadraticProgramBatchGradient, item: Int) {
    self.init(
      Q: gradient.Q[item], p: gradient.p[item], G: gradient.G[item], h: gradient.h[item],
      A: gradient.A[item], b: gradient.b[item], certificate: gradient.certificates[item])
  }

  private init(
    Q: Matrix, p: Vector, G: Matrix, h: Vector, A: Matrix, b: Vector,
    certificate: DerivativeCertificate
  ) {
    self.init(
      data: [
        Part(name: "Q", value: .matrix(Q)), Part(name: "p", value: .vector(p)),
        Part(name: "G", value: .matrix(G)), Part(name: "h", value: .vector(h)),
        Part(name: "A", value: .matrix(A)), Part(name: "b", value: .vector(b)),
      ], certificate: certificate)
  }
}

/// The change of the solution of one problem.
struct SolutionTangent {
  /// In the order of the answer's solution.
  let parts: [NamedVector]
  let certificate: DerivativeCertificate

  init(parts: [NamedVector], certificate: DerivativeCertificate) {
    self.parts = parts
    self.certificate = certificate
  }

  init(_ tangent: QuadraticProgramTangent) {
    self.init(
      parts: [
        NamedVector(name: "x", values: tangent.x),
        NamedVector(name: "lambda", values: tangent.lambda),
        NamedVector(name: "nu", values: tangent.nu),
      ], certificate: tangent.certificate)
  }
}
