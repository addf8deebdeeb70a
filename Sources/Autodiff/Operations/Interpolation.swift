/// Between a (weight 0) and b (weight 1): `(1 - weight) a + weight b`, elementwise with
/// broadcasting; exact at both ends where a and b are finite, and beyond them for weights outside
/// 0...1.
public func lerp(_ a: Tensor, _ b: Tensor, _ weight: Tensor) -> Tensor {
  (1 - weight) * a + weight * b
}

/// Between a (weight 0) and b (weight 1) with one weight for all elements.
public func lerp(_ a: Tensor, _ b: Tensor, _ weight: Double) -> Tensor {
  a * (1 - weight) + b * weight
}

/// Huber's function: `x^2 / 2` for `|x| <= threshold`, continued by lines of slope `threshold`
/// (Huber 1964); divided by the threshold it is the smooth absolute value.
public func huber(_ x: Tensor, threshold: Double = 1) -> Tensor {
  precondition(threshold > 0, "huber: threshold \(threshold)")
  let limited = clip(x, -threshold, threshold)
  return limited * (x - limited * 0.5)
}
