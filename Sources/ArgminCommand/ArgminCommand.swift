import ArgumentParser
@main struct Stub: ParsableCommand { }
