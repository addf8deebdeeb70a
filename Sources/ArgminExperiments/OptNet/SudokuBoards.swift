import Argmin

/// Sudoku boards of four by four cells.
struct SudokuBoards {
  /// All 288 boards that keep the rules: 16 numbers from 0 to 3.
  static let all: [[Int]] = {
    var found: [[Int]] = []
    var board = [Int](repeating: -1, count: 16)
    func fill(_ cell: Int) {
      if cell == 16 {
        found.append(board)
        return
      }
      for number in 0..<4 where fits(number, cell, board) {
        board[cell] = number
        fill(cell + 1)
        board[cell] = -1
      }
    }
    fill(0)
    return found
  }()

  private static func fits(_ number: Int, _ cell: Int, _ board: [Int]) -> Bool {
    let (row, column) = (cell / 4, cell % 4)
    return (0..<16).allSatisfy { other in
      let (r, c) = (other / 4, other % 4)
      let isPeer = r == row || c == column || (r / 2 == row / 2 && c / 2 == column / 2)
      return other == cell || !isPeer || board[other] != number
    }
  }

  /// Puzzles with one solution each: numbers are taken away in random order as long as that holds, so that
  /// none can be missed.
  ///
  /// - Returns: `[count, 64]` each, one of four numbers per cell; a cell without a number is zero.
  static func puzzles(_ count: Int, key: RandomKey) -> Pair<Tensor, Tensor> {
    let boards = key.split().0.integers(count, below: all.count)
    let orders = key.split().1.split(into: count)
    var (inputs, targets): ([Double], [Double]) = ([], [])
    for (index, order) in zip(boards, orders) {
      let board = all[index]
      var isGiven = [Bool](repeating: true, count: 16)
      // The boards that agree with what is given.
      for cell in order.permutation(16) {
        isGiven[cell] = false
        let matching = all.count { other in
          (0..<16).allSatisfy { !isGiven[$0] || other[$0] == board[$0] }
        }
        if matching > 1 { isGiven[cell] = true }
      }
      for cell in 0..<16 {
        for number in 0..<4 {
          targets.append(board[cell] == number ? 1 : 0)
          inputs.append(isGiven[cell] && board[cell] == number ? 1 : 0)
        }
      }
    }
    return Pair(
      Tensor(inputs, shape: [count, 64]), Tensor(targets, shape: [count, 64]))
  }

  /// The share of boards with a wrong cell.
  ///
  /// - Parameters:
  ///   - scores: `[count, 64]`; in each cell the number with the largest score counts.
  ///   - targets: the right boards, `[count, 64]`.
  static func errorRate(_ scores: Tensor, _ targets: Tensor) -> Double {
    let count = targets.shape[0]
    let guesses = scores.reshaped(to: [count, 16, 4]).argMax(axis: -1).values
    let truth = targets.reshaped(to: [count, 16, 4]).argMax(axis: -1).values
    let wrong = (0..<count).count { board in
      let cells = board * 16..<board * 16 + 16
      return guesses[cells] != truth[cells]
    }
    return Double(wrong) / Double(max(count, 1))
  }
}
