// `DerivativeCheck` and the random tensors, for every file of this target.
@_exported import _TestSupport
