// yagura dump FILE...: the events of EVTX files as JSON lines, JSON or XML.
#include <fstream>
#include <iostream>

#include "cli/command.hpp"
#include "event/record.hpp"
#include "formats/evtx.hpp"
#include "hunt/evidence.hpp"
#include "hunt/piece_decoder.hpp"

namespace yagura::cli {

namespace {

struct Options {
  std::vector<std::string> files;
  std::string format = "jsonl";
  std::string output;
  bool with_slack = false;
};

Result<ExitCode> run_dump(const Options& options, Console& console) {
  if (options.format != "jsonl" && options.format != "json" && options.format != "xml" && options.format != "fields")
    return fail(ErrorKind::invalid_input, "--format: there is no format '{}'; there are: jsonl, json, xml, fields",
                options.format);
  std::vector<hunt::FileProblem> problems;
  auto files = hunt::find_evidence(options.files, problems);
  if (files.empty()) return fail(ErrorKind::not_found, "there is no file to read: {}", fmt::join(options.files, ", "));
  std::ofstream file;
  if (!options.output.empty() && options.output != "-") {
    file.open(options.output, std::ios::binary | std::ios::trunc);
    if (!file) return fail(ErrorKind::invalid_input, "{} cannot be written", options.output);
  }
  std::ostream& out = file.is_open() ? file : console.out;
  const bool xml = options.format == "xml", fields = options.format == "fields", json = options.format == "json";
  if (xml) out << "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Events>\n";
  if (json) out << "[\n";
  hunt::Evidence evidence(std::move(files), console.in);
  formats::EvtxChunkReader reader;
  std::uint64_t events = 0;
  while (auto piece = evidence.next()) {
    std::move(piece->problems.begin(), piece->problems.end(), std::back_inserter(problems));
    if (piece->bytes.empty()) continue;
    std::string text;
    const auto write = [&](std::string one) {
      if (json && events > 0) text += ",\n";
      text += one;
      if (!json) text += '\n';
      ++events;
    };
    if (piece->kind != hunt::Kind::evtx || fields || options.with_slack) {
      // Fields as rules see them; other kinds of files have no other form here.
      if (xml) return fail(ErrorKind::not_supported, "--format xml is for EVTX files, without --slack");
      hunt::PieceDecoder decoder(evidence.files(), {.with_slack = options.with_slack});
      hunt::DecodeNotes notes;
      event::RecordBatch batch;
      decoder.decode(*piece, batch, notes);
      std::move(notes.problems.begin(), notes.problems.end(), std::back_inserter(problems));
      for (std::size_t i = 0; i < batch.size(); ++i) {
        std::string one;
        event::append_json(one, batch[i]);
        write(std::move(one));
      }
    } else {
      std::vector<formats::EvtxDamage> damage;
      reader.visit(
          piece->bytes, piece->offset,
          [&](const formats::EvtxElement& event) { write(xml ? formats::evtx_xml(event) : formats::evtx_json(event)); },
          damage);
      for (auto& one : damage)
        problems.push_back({evidence.files()[piece->file].name, std::move(one.what), one.offset});
    }
    out << text;
    if (!out) return fail(ErrorKind::unavailable, "the events could not be written");
  }
  if (xml) out << "</Events>\n";
  if (json) out << "\n]\n";
  out.flush();
  for (const auto& problem : problems)
    console.err << fmt::format("{}: {}{}\n", problem.file, problem.what,
                               problem.offset ? fmt::format(" (at byte {})", *problem.offset) : std::string());
  return events == 0 && !problems.empty() ? ExitCode::bad_input : ExitCode::done;
}

}  // namespace

void add_dump(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("dump", "Show the events of EVTX and other log files as JSON or XML");
  command->footer(
      "Examples:\n  yagura dump Security.evtx | head -1\n  yagura dump System.evtx --format xml -o system.xml\n  "
      "yagura dump trail.json.gz --format fields");
  command->add_option("files", options->files, "Files and folders; - for standard input")->required();
  command
      ->add_option("--format", options->format,
                   "jsonl or json (as evtx_dump lays it out), xml, fields (as rules see them)")
      ->capture_default_str();
  command->add_option("--output,-o", options->output, "Write to this file");
  command->add_flag("--slack", options->with_slack, "Also records that newer ones have not overwritten yet");
  command->callback([=, &chosen] { chosen = [=](Console& console) { return run_dump(*options, console); }; });
}

}  // namespace yagura::cli
