import Argmin
import ArgminExperiments
import Foundation
import Testing

extension MeasuredExperimentTests {
  /// The experiments on amortization, in short forms: what each of them claims still holds.
  @Suite struct AmortizationExperimentTests {
    private func folder(
      _ experiment: any Experiment, _ body: (URL) throws -> Void
    ) throws {
      let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
      defer { try? FileManager.default.removeItem(at: folder) }
      let results = try experiment.run(output: folder, seed: 1) { _, _ in }
      for name in results.files {
        let path = folder.appendingPathComponent(name).path
        #expect(FileManager.default.fileExists(atPath: path), "\(name)")
      }
      try body(folder)
    }

    /// The numbers of a list of results.json, by name.
    private func numbers(
      _ experiment: any Experiment, list: String, _ key: String
    ) throws -> [String: Double] {
      var found: [String: Double] = [:]
      try folder(experiment) { folder in
        let data = try Data(contentsOf: folder.appendingPathComponent("results.json"))
        let parsed = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        for entry in try #require(parsed[list] as? [[String: Any]]) {
          found[try #require(entry["name"] as? String)] = try #require(entry[key] as? Double)
        }
      }
      return found
    }

    private func report(
      _ experiment: any Experiment, _ name: String = "report.json"
    ) throws -> AmortizationReport {
      var report: AmortizationReport?
      try folder(experiment) { folder in
        report = try AmortizationReport(
          json: Data(contentsOf: folder.appendingPathComponent(name)))
      }
      return try #require(report)
    }

    @Test func sphere() throws {
      let gaps = try numbers(
        SphereAmortization(steps: 1000), list: "rows", "meanSuboptimality")
      let fresh = try #require(gaps["network, fresh functions in training"])
      let few = try #require(gaps["network, eight functions in training"])
      #expect(fresh < 0.3 && fresh < 0.6 * few)
    }

    @Test func transportStartsSaveIterations() throws {
      let report = try report(
        TransportOfImages.digits.shortened(steps: 1000, testCount: 60))
      let rows = report.sections[0].rows
      let cold = try #require(rows.first { $0.name == "cold start" })
      let warm = try #require(rows.first { $0.name == "network" })
      let race = try #require(rows.first { $0.name == "network, race" })
      // To 1e-2, as published.
      #expect(warm.iterations[1].mean < cold.iterations[1].mean / 3)
      for section in report.sections {
        let cold = try #require(section.rows.first { $0.name == "cold start" })
        let race = try #require(section.rows.first { $0.name == "network, race" })
        for place in report.tolerances.indices {
          #expect(race.iterations[place].mean <= 2 * cold.iterations[place].mean)
          #expect(race.iterations[place].worst <= 2 * cold.iterations[place].worst)
        }
      }
      #expect(race.solvedShare == [1, 1, 1] && report.prediction != nil)
    }

    @Test func amortizationGaps() throws {
      let experiment = VariationalDigits.amortized.shortened(
        steps: 2500, refinedSteps: 0, testCount: 50)
      let bounds = try numbers(experiment, list: "models", "bound")
      let optima = try numbers(experiment, list: "models", "optimum")
      let (network, linear) = ("encoder 64-128-16", "linear encoder")
      let gap = try #require(optima[network]) - #require(bounds[network])
      let linearGap = try #require(optima[linear]) - #require(bounds[linear])
      #expect(gap < 0.3 && gap < linearGap)
      #expect(try #require(bounds[network]) > -26.5)
    }

    @Test func refinementRegainsSomeOfTheGap() throws {
      let bounds = try numbers(
        VariationalDigits.semiAmortized.shortened(steps: 1500, refinedSteps: 60, testCount: 40),
        list: "models", "bound")
      let plain = try #require(bounds["linear encoder"])
      #expect(try #require(bounds["linear encoder, 8 steps at the end only"]) > plain)
      #expect(
        try #require(bounds["linear encoder, trained further with 8 steps"])
          > #require(bounds["linear encoder, trained further"]))
    }

    @Test func unrolledCodes() throws {
      let excess = try numbers(
        SparseCodingDigits.unrolled.shortened(steps: 300), list: "models", "excessEnergy")
      let one = try #require(excess["LISTA, 1 layer, trained on the energy"])
      let seven = try #require(excess["LISTA, 7 layers, trained on the energy"])
      #expect(one < (try #require(excess["FISTA, 7 steps"])) && seven < one)
    }

    @Test func predictedCodes() throws {
      let excess = try numbers(
        SparseCodingDigits.predictive.shortened(steps: 500), list: "models", "excessEnergy")
      let predicted = try #require(excess["D tanh(x F), trained on codes"])
      #expect(predicted < (try #require(excess["FISTA, 1 steps"])))
    }

    @Test func warmStartedPrograms() throws {
      let experiment = WarmStartedPrograms(epochs: 40, trainingCount: 500, testCount: 100)
      let report = try report(experiment, "report-1-alternating-directions.json")
      let rows = report.sections[0].rows
      #expect(rows.allSatisfy { $0.solvedShare.allSatisfy { $0 == 1 } })
      let cold = try #require(rows.first { $0.name == "cold start" })
      let warm = try #require(rows.first { $0.name == "network, solutions" })
      #expect(warm.iterations[0].mean < 0.9 * cold.iterations[0].mean)
    }

    @Test func neuralAccelerationIsAhead() throws {
      var curves: [String: [Double]] = [:]
      try folder(NeuralFixedPoint(steps: 120)) { folder in
        let data = try Data(contentsOf: folder.appendingPathComponent("results.json"))
        let parsed = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        for entry in try #require(parsed["methods"] as? [[String: Any]]) {
          curves[try #require(entry["name"] as? String)] = entry["residuals"] as? [Double]
        }
      }
      let plain = try #require(curves["proximal gradients"])
      let neural = try #require(curves["neural acceleration"])
      let anderson = try #require(curves["Anderson acceleration, memory 5"])
      #expect(neural[25] < 0.95 * plain[25])
      #expect(anderson[100] < 1e-8)
    }

    @Test func predictedWeights() throws {
      let errors = try numbers(
        HyperNetworkSinusoid(steps: 600, repetitions: 1), list: "methods", "error")
      #expect(
        try #require(errors["hypernetwork, no steps"])
          < #require(errors["from nothing, 500 steps of Adam"]))
    }

    @Test func guardedControlIsExact() throws {
      let costs = try numbers(
        AmortizedControl(trainingCount: 600, epochs: 40), list: "loops", "cost")
      let exact = try #require(costs["exact controller"])
      let guarded = try #require(costs["network and solver, guarded"])
      #expect(abs(guarded - exact) < 1e-6 * exact)
      #expect(try #require(costs["network alone"]) < 1.1 * exact)
    }

    @Test func missingImagesAreNamed() {
      let isInstalled = FileManager.default.fileExists(
        atPath: "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz")
      guard !isInstalled else { return }
      #expect(throws: ExperimentError.self) {
        try folder(TransportOfImages.fashion) { _ in }
      }
    }
  }
}
