import Autodiff

/// The mean over all items of the cross entropy between a class and the distribution `softmax(logits)`.
///
/// - Parameters:
///   - logits: `[..., classes]`.
///   - classes: the right class of every item, `[...]`.
public func softmaxCrossEntropy(_ logits: Tensor, classes: IndexTensor) -> Tensor {
  precondition(
    logits.rank >= 1 && Array(logits.shape.dropLast()) == classes.shape,
    "softmaxCrossEntropy: logits \(logits.shape), classes \(classes.shape)")
  return -logits.logSoftmax(axis: -1).gathering(
    classes.reshaped(to: classes.shape + [1]), axis: -1
  ).mean()
}

/// The mean over all items of the cross entropy between distributions and `softmax(logits)`.
///
/// - Parameters:
///   - logits: `[..., classes]`.
///   - probabilities: `[..., classes]`, such as one-hot vectors.
public func softmaxCrossEntropy(_ logits: Tensor, probabilities: Tensor) -> Tensor {
  precondition(
    logits.rank >= 1 && logits.shape == probabilities.shape,
    "softmaxCrossEntropy: logits \(logits.shape), probabilities \(probabilities.shape)")
  return -(logits.logSoftmax(axis: -1) * probabilities).sum(axis: -1).mean()
}

/// The mean over all elements of `(prediction - target)^2`, for the same shape.
public func meanSquaredError(_ prediction: Tensor, _ target: Tensor) -> Tensor {
  precondition(
    prediction.shape == target.shape,
    "meanSquaredError: a prediction of shape \(prediction.shape), a target of \(target.shape)")
  return square(prediction - target).mean()
}

/// The mean over all elements of the cross entropy between probabilities of a yes and `sigmoid(logits)`,
/// without overflow.
///
/// - Parameters:
///   - logits: of any shape.
///   - targets: of the same shape, 0 ... 1.
public func binaryCrossEntropy(logits: Tensor, _ targets: Tensor) -> Tensor {
  precondition(
    logits.shape == targets.shape,
    "binaryCrossEntropy: logits \(logits.shape), targets \(targets.shape)")
  return (softplus(logits) - logits * targets).mean()
}

/// The share of items whose largest logit is that of the right class.
///
/// - Parameters:
///   - logits: `[..., classes]`, at least one class.
///   - classes: `[...]`, at least one.
public func accuracy(_ logits: Tensor, classes: IndexTensor) -> Double {
  precondition(
    logits.rank >= 1 && Array(logits.shape.dropLast()) == classes.shape,
    "accuracy: logits \(logits.shape), classes \(classes.shape)")
  let hits = zip(logits.argMax(axis: -1).values, classes.values).count { $0 == $1 }
  return Double(hits) / Double(classes.count)
}
