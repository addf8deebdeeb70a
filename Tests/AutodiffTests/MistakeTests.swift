import Autodiff
import Testing

/// Mistakes in tensor expressions end the process before any memory is touched.
@Suite struct MistakeTests {
  @Test func positionsOutOfRange() async {
    await #expect(processExitsWith: .failure) { _ = Tensor.zeros([2, 3]).gathering([3], axis: 1) }
    await #expect(processExitsWith: .failure) { _ = Tensor.zeros([2, 3]).lookup([-1]) }
    await #expect(processExitsWith: .failure) { _ = Tensor.zeros([2, 3])[2] }
    await #expect(processExitsWith: .failure) { _ = Tensor.zeros([2, 3])[.all, 1..<4] }
  }

  @Test func shapesThatDoNotMatch() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor.zeros([2, 3]).scatterAdding(Tensor.zeros([2, 2]), at: [0], axis: 1)
    }
    await #expect(processExitsWith: .failure) {
      _ = Tensor.zeros([2, 3]).gathering(IndexTensor([[0], [0], [0]]), axis: 1)
    }
    await #expect(processExitsWith: .failure) {
      _ = convolution2d(Tensor.zeros([2, 3, 3]), Tensor.zeros([1, 3, 2, 2]))
    }
    await #expect(processExitsWith: .failure) {
      _ = convolution2d(Tensor.zeros([2, 3, 3]), Tensor.zeros([1, 2, 4, 2]))
    }
    await #expect(processExitsWith: .failure) {
      _ = einsum("ij,jk->ik", Tensor.zeros([2, 3]), Tensor.zeros([2, 3]))
    }
  }
}
