import Argmin
import ArgminExperiments
import ArgumentParser
import Foundation
import ProblemFiles

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Print the reports of an amortization experiment again.",
    discussion: """
      Reads the files report*.json that the experiment wrote: for each way to start a solver the quality of \
      the start, the iterations and time to each tolerance, in distribution and out of it, and the number of \
      solves after which training has paid.
      """)

  @Argument(help: "The folder that the experiment wrote to, or a report's file.")
  var folder: String

  @Flag(help: "Print the reports as JSON.")
  var json = false

  func run() throws {
    let reports = try files().map { file in
      let data: Data
      do throws(ProblemFileError) { data = Data(try contents(ofFile: file)) } catch {
        throw ToolFailure(error)
      }
      do {
        return (data, try AmortizationReport(json: data))
      } catch {
        throw ToolFailure(.badInput, "\(file): is no report of an amortization experiment")
      }
    }
    if json {
      let texts = reports.map { String(decoding: $0.0, as: UTF8.self) }
      StandardOutput.write(lines: ["[" + texts.joined(separator: ",\n") + "]"])
      return
    }
    StandardOutput.write(lines: Array(reports.map(\.1.lines).joined(separator: [""])))
  }

  private func files() throws -> [String] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder),
      isFolder.boolValue
    else { return [folder] }
    let names: [String]
    do { names = try FileManager.default.contentsOfDirectory(atPath: folder) } catch {
      _ = access(folder, R_OK)
      throw ToolFailure(.badInput, "\(folder): cannot be read: \(String(cString: strerror(errno)))")
    }
    let found = names.filter { $0.hasPrefix("report") && $0.hasSuffix(".json") }.sorted()
    guard !found.isEmpty else {
      throw ToolFailure(.badInput, "\(folder): holds no report of an amortization experiment")
    }
    return found.map { URL(fileURLWithPath: folder).appendingPathComponent($0).relativePath }
  }
}
