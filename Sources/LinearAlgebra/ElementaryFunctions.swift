import CLinearAlgebra

/// The natural logarithm, without Foundation.
package func logarithm(_ value: Double) -> Double { la_log(value) }

/// The exponential function, without Foundation.
package func exponential(_ value: Double) -> Double { la_exp(value) }
