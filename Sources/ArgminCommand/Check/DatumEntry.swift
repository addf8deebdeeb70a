import ArgminExperiments

/// One number of a datum that is moved, of a symmetric matrix one of a triangle together with its mirror
/// image.
struct DatumEntry {
  let place: CheckedDatum.Place
  /// The step of a difference is this times the relative step: the size of the entry, or of the
  /// datum if the entry is small.
  let scale: Double
}

/// The entries of a datum that are checked: all of them, or half of them those with the largest
/// derivatives and half at random.
struct EntrySample {
  let datum: CheckedDatum
  /// The number of entries that could be checked.
  var total: Int { datum.places.count }
  let entries: [DatumEntry]

  init(
    _ datum: CheckedDatum, gradient: [Double], count: Int, generator: inout SeededGenerator
  ) {
    self.datum = datum
    var places = Array(datum.places.indices)
    if places.count > count {
      let bySize = places.sorted {
        abs(gradient[datum.places[$0].index]) > abs(gradient[datum.places[$1].index])
      }
      let rest = Array(bySize.dropFirst(count / 2))
      let random = generator.permutation(rest.count).prefix(count - count / 2).map { rest[$0] }
      places = (bySize.prefix(count / 2) + random).sorted()
    }
    let largest = datum.numbers.lazy.filter { abs($0) < 1e20 }.reduce(0) { max($0, abs($1)) }
    entries = places.map {
      let place = datum.places[$0]
      let scale = max(abs(datum.numbers[place.index]), 0.01 * largest)
      return DatumEntry(place: place, scale: scale > 0 ? scale : 1)
    }
  }
}

extension CheckedDatum.Place {
  /// The change of the datum that moves this number by one.
  func direction(count: Int) -> [Double] {
    var direction = [Double](repeating: 0, count: count)
    direction[index] = 1
    if let mirror { direction[mirror] = 1 }
    return direction
  }

  /// The derivative as the number moves.
  func derivative(_ gradient: [Double]) -> Double {
    gradient[index] + (mirror.map { gradient[$0] } ?? 0)
  }
}
