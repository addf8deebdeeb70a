// Elementwise functions. The result has the operand's shape and type; NaN gives NaN.

/// The absolute value; its derivative at 0 is 0.
public func abs(_ x: Tensor) -> Tensor { UnaryOperation.abs(x) }

/// -1, 0 or 1; its derivative is zero.
public func sign(_ x: Tensor) -> Tensor { UnaryOperation.sign(x) }

/// `1 / x`.
public func reciprocal(_ x: Tensor) -> Tensor { UnaryOperation.reciprocal(x) }

/// `x * x`.
public func square(_ x: Tensor) -> Tensor { UnaryOperation.square(x) }

/// The square root; NaN for negative numbers, and an infinite derivative at 0.
public func sqrt(_ x: Tensor) -> Tensor { UnaryOperation.squareRoot(x) }

/// The exponential function.
public func exp(_ x: Tensor) -> Tensor { UnaryOperation.exp(x) }

/// `exp(x) - 1`, exact near 0.
public func expm1(_ x: Tensor) -> Tensor { UnaryOperation.expm1(x) }

/// The natural logarithm; -infinity at 0, NaN for negative numbers.
public func log(_ x: Tensor) -> Tensor { UnaryOperation.log(x) }

/// `log(1 + x)`, exact near 0.
public func log1p(_ x: Tensor) -> Tensor { UnaryOperation.log1p(x) }

/// The sine of an angle in radians.
public func sin(_ x: Tensor) -> Tensor { UnaryOperation.sin(x) }

/// The cosine of an angle in radians.
public func cos(_ x: Tensor) -> Tensor { UnaryOperation.cos(x) }

/// The tangent of an angle in radians.
public func tan(_ x: Tensor) -> Tensor { UnaryOperation.tan(x) }

/// The angle in radians, between -pi/2 and pi/2, whose tangent is x.
public func atan(_ x: Tensor) -> Tensor { UnaryOperation.atan(x) }

/// The hyperbolic sine.
public func sinh(_ x: Tensor) -> Tensor { UnaryOperation.sinh(x) }

/// The hyperbolic cosine.
public func cosh(_ x: Tensor) -> Tensor { UnaryOperation.cosh(x) }

/// The hyperbolic tangent.
public func tanh(_ x: Tensor) -> Tensor { UnaryOperation.tanh(x) }

/// The error function, `2 / sqrt(pi)` times the integral of `exp(-t^2)` from 0 to x.
public func erf(_ x: Tensor) -> Tensor { UnaryOperation.erf(x) }

/// The largest whole number not above x; its derivative is zero.
public func floor(_ x: Tensor) -> Tensor { UnaryOperation.floor(x) }

/// The smallest whole number not below x; its derivative is zero.
public func ceil(_ x: Tensor) -> Tensor { UnaryOperation.ceil(x) }

/// The nearest whole number, the even one of two; its derivative is zero.
public func round(_ x: Tensor) -> Tensor { UnaryOperation.round(x) }

/// 1 for numbers, 0 for NaN and infinities.
public func isFinite(_ x: Tensor) -> Tensor { UnaryOperation.isFinite(x) }

// MARK: - Activations

/// `1 / (1 + exp(-x))`.
public func sigmoid(_ x: Tensor) -> Tensor { UnaryOperation.sigmoid(x) }

/// `log(sigmoid(x))`, without overflow.
public func logSigmoid(_ x: Tensor) -> Tensor { -softplus(-x) }

/// `log(1 + exp(x))`, without overflow.
public func softplus(_ x: Tensor) -> Tensor { UnaryOperation.softplus(x) }

/// `max(x, 0)`; its derivative at 0 is 0.
public func relu(_ x: Tensor) -> Tensor { UnaryOperation.relu(x) }

/// `x` above 0, `exp(x) - 1` below (Clevert, Unterthiner and Hochreiter 2016).
public func elu(_ x: Tensor) -> Tensor { UnaryOperation.elu(x) }

/// `x` times the normal distribution function of x, exactly (Hendrycks and Gimpel 2016).
public func gelu(_ x: Tensor) -> Tensor { UnaryOperation.gelu(x) }

/// `x sigmoid(x)`, also called swish.
public func silu(_ x: Tensor) -> Tensor { x * sigmoid(x) }

/// `x` above 0, `slope * x` below; its derivative at 0 is `slope`.
public func leakyRelu(_ x: Tensor, slope: Double = 0.01) -> Tensor {
  select(x .> 0, x, x * slope)
}
