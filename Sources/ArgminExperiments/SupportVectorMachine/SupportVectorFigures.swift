import Argmin

extension SupportVectorReport {
  /// The influence of every sample, and how well it predicts what training again finds.
  var figures: [Figure] { [influenceFigure, verificationFigure] }

  /// Left, the plane on which the samples spread most, with the influence as the size; right, the
  /// influence over the margin.
  private var influenceFigure: Figure {
    let samples = machine.samples
    let plane = PrincipalPlane(samples.features)
    let trace = plane.trace(weights: machine.weights, offset: machine.offset)
    let margins = machine.margins(samples)
    let largest = influences.max() ?? 1
    let rows = (0..<samples.count).map { place in
      plane.coordinates(samples.features.row(place))
        + [samples.labels[place], margins[place], influences[place] / largest]
    }
    return Figure(
      name: "influence", size: (1100, 480),
      commands: """
        set multiplot layout 1,2
        set key top left opaque
        set tics nomirror
        set border 3
        malignant = 0x60c0392b
        benign = 0x602471a3
        set title "Size: how far the boundary moves with the sample"
        set xlabel "first principal component"
        set ylabel "second principal component"
        stats "influence.dat" using 1 name "first" nooutput
        stats "influence.dat" using 2 name "second" nooutput
        set xrange [first_min-1:first_max+1]
        set yrange [second_min-1:second_max+1]
        plot "influence.dat" using 1:($3>0?$2:NaN):(0.3+2.5*$5) with points pt 7 ps variable \
        lc rgb malignant title "malignant", \
        "" using 1:($3<0?$2:NaN):(0.3+2.5*$5) with points pt 7 ps variable lc rgb benign \
        title "benign", \
        \(Self.line(trace)) with lines lw 2 lc rgb "black" title "boundary"
        set title "Only samples within the margin have influence"
        set xlabel "margin y (w·x + b)"
        set ylabel "influence (largest = 1)"
        set xrange [*:*]
        set yrange [-0.03:1.05]
        set key top right
        plot "influence.dat" using 4:($3>0?$5:NaN) with points pt 7 ps 0.5 lc rgb malignant \
        title "malignant", \
        "" using 4:($3<0?$5:NaN) with points pt 7 ps 0.5 lc rgb benign title "benign"
        unset multiplot
        """,
      data: [("influence.dat", rows)])
  }

  /// v as a function of u on c₀ + c₁ u + c₂ v = 0.
  private static func line(_ trace: [Double]) -> String {
    "-((\(trace[0])) + (\(trace[1]))*x)/(\(trace[2]))"
  }

  /// Predicted and actual changes of every support vector: moved on the left, left out on the right.
  private var verificationFigure: Figure {
    let rows = verifications.map {
      [
        $0.predictedMove, $0.actualMove, 1000 * $0.predictedRemovalChange,
        1000 * $0.actualRemovalChange,
      ]
    }
    return Figure(
      name: "verification", size: (1100, 480),
      commands: """
        set multiplot layout 1,2
        set key top left
        set tics nomirror
        set border 3
        set title "A sample moves by \(InfluenceVerifier.largeStep) standard deviations"
        set xlabel "movement of the boundary by the derivative"
        set ylabel "movement by training again"
        set xrange [0:*]
        set yrange [0:*]
        plot x with lines lc rgb "gray" title "equal", \
        "verification.dat" using 1:2 with points pt 7 ps 0.5 lc rgb 0x2471a3 title "support vectors"
        set title "A sample is left out"
        set xlabel "change of the held-out loss by the derivative (1/1000)"
        set ylabel "change by training again (1/1000)"
        set xrange [*:*]
        set yrange [*:*]
        plot x with lines lc rgb "gray" title "equal", \
        "verification.dat" using 3:4 with points pt 7 ps 0.5 lc rgb 0xc0392b title "support vectors"
        unset multiplot
        """,
      data: [("verification.dat", rows)])
  }
}
