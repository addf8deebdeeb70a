/// How the linear systems of implicit derivatives are solved: `A w = b` with A the Jacobian of the optimality
/// condition or its transpose, of which only products with vectors are needed.
///
/// The residual that was reached is recorded in the `ImplicitCertificate`; a solve that stops at its limit
/// is a legitimate approximation (as in iMAML) and is not an error. An item whose system turns out to have no
/// solution, because its matrix is singular, is NaN and listed in the certificate; of a singular system that has
/// solutions one is returned, since its residual looks like that of any other. Vectors are float64; for unknowns in
/// float32 no relative residual below 1e-6 is aimed at.
public enum ImplicitLinearSolver: Sendable, Hashable {
  /// Conjugate gradients (Hestenes and Stiefel 1952), for symmetric positive definite systems: minima,
  /// symmetric fixed points. An item along which the curvature isn't positive is listed in the certificate and
  /// solved by minimal residuals.
  case conjugateGradients(relativeTolerance: Double = 1e-10, maximumIterations: Int? = nil)
  /// Generalized minimal residuals (GMRES, Saad and Schultz 1986), for any system that is not singular.
  /// Keeps up to `restart` vectors of the size of the unknown.
  case minimalResiduals(
    relativeTolerance: Double = 1e-10, maximumIterations: Int? = nil, restart: Int = 50)
  /// The first terms of the Neumann series `step * sum_k (I - step A)^k b`: converges where the spectral
  /// radius of `I - step A` is below 1, as at a contracting fixed point with step 1.
  case neumann(terms: Int, step: Double = 1)
  /// The matrix from as many products as there are unknowns, and an LU factorization: for few unknowns.
  /// NaN where it is singular.
  case dense
}
