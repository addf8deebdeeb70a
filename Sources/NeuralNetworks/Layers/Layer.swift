import Autodiff

/// A function of one tensor with parameters: a structure of tensors that can be called.
///
/// What has other arguments (cells with a state, sets with a mask, dropout with a key) is a structure that
/// can be called as well, but not a `Layer`.
public protocol Layer: TensorStructure {
  func callAsFunction(_ x: Tensor) -> Tensor
}
