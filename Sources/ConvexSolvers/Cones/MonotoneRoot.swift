/// The root of an increasing function in a bracket, by Newton steps that fall back to bisection where they
/// leave the bracket or shrink too slowly (Press et al. 2007, section 9.4).
///
/// `function` returns value and slope; infinite values are fine. The result is as exact as the sign of
/// the value is.
func monotoneRoot(
  from low: Double, to high: Double, start: Double,
  _ function: (Double) -> (value: Double, slope: Double)
) -> Double {
  var low = low
  var high = high
  var x = min(max(start, low), high)
  var lastStep = high - low
  // Bisection alone halves the bracket to neighbouring numbers within 64 + 11 steps; Newton's rule below
  // spends at most two evaluations for each halving.
  for _ in 0..<200 {
    let (value, slope) = function(x)
    if value == 0 || value.isNaN { return x }
    if value < 0 { low = x } else { high = x }
    let step = value / slope
    // A Newton step below rounding has converged, wherever the other end of the bracket is.
    if slope.isFinite && step.magnitude <= 0.5 * x.ulp { return x }
    var next = x - step
    if !slope.isFinite || !(next > low && next < high) || !(2 * step.magnitude <= lastStep) {
      next = low + 0.5 * (high - low)
      lastStep = 0.5 * (high - low)
      if next <= low || next >= high { return x }
    } else {
      lastStep = step.magnitude
    }
    x = next
  }
  return x
}
