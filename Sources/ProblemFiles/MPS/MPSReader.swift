extension ProblemFile {
  init(mps text: TextBytes) throws(ProblemFileError) {
    throw ProblemFileError(.unsupported, file: text.name, reason: "later")
  }
}
