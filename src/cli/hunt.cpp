// yagura hunt RULES FILES...: Sigma rules over evidence files, no server needed.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iostream>

#include "base/file.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "cli/command.hpp"
#include "hunt/hunter.hpp"
#include "hunt/report_writer.hpp"
#include "roles/server_parts.hpp"
#include "roles/server_role.hpp"

namespace yagura::cli {

namespace {

struct Options {
  std::string rules;
  std::vector<std::string> files;
  std::string format, output, since, until, level, content, title, language;
  std::vector<std::string> tags, only, pipelines;
  std::size_t threads = 0;
  bool no_checks = false, with_slack = false, quiet = false;
};

// "2024-01-31", "2024-01-31T10:00:00Z", or so long ago: "7d".
Result<std::optional<EventTime>> time_option(const std::string& text, std::string_view name) {
  if (text.empty()) return std::nullopt;
  if (const auto ticks = parse_iso8601(text)) return event_time(*ticks);
  if (const auto ago = parse_duration(text))
    return assume_event_time(ReceiveClock::now()) - std::chrono::duration_cast<Ticks>(*ago);
  return fail(ErrorKind::invalid_input,
              "--{}: '{}' is no time; write 2024-01-31, 2024-01-31T10:00:00Z, or how long ago: 12h, 7d", name, text);
}

Result<sigma::Level> level_option(const std::string& text) {
  if (text.empty()) return sigma::Level::none;
  std::vector<std::string_view> names;
  for (const auto level : {sigma::Level::informational, sigma::Level::low, sigma::Level::medium, sigma::Level::high,
                           sigma::Level::critical}) {
    if (equal_ignoring_ascii_case(text, sigma::to_string(level)) ||
        (text == "info" && level == sigma::Level::informational))
      return level;
    names.push_back(sigma::to_string(level));
  }
  return fail(ErrorKind::invalid_input, "--level: there is no level '{}'{}; there are: {}", text,
              did_you_mean(text, names), fmt::join(names, ", "));
}

Result<hunt::ReportFormat> format_option(const Options& options) {
  std::string name = options.format;
  if (name.empty()) {
    const auto ending = std::filesystem::path(options.output).extension().string();
    name = ending == ".html" || ending == ".htm"                            ? "html"
           : ending == ".csv"                                               ? "csv"
           : ending == ".jsonl" || ending == ".json" || ending == ".ndjson" ? "jsonl"
                                                                            : "table";
  }
  if (name == "table") return hunt::ReportFormat::table;
  if (name == "jsonl" || name == "json") return hunt::ReportFormat::jsonl;
  if (name == "csv") return hunt::ReportFormat::csv;
  if (name == "html") return hunt::ReportFormat::html;
  const std::vector<std::string_view> names{"table", "jsonl", "csv", "html"};
  return fail(ErrorKind::invalid_input, "--format: there is no format '{}'{}; there are: {}", name,
              did_you_mean(name, names), fmt::join(names, ", "));
}

Result<std::shared_ptr<const detect::RuleSnapshot>> load_rules(const Options& options, const std::filesystem::path& content,
                                                               const normalise::PackSet& packs, Console& console) {
  detect::RuleLibraryOptions library;
  library.rule_folders.emplace_back(options.rules);
  std::error_code error;
  if (!std::filesystem::exists(options.rules, error))
    return fail(ErrorKind::not_found, "there are no rules at {}", options.rules);
  if (std::filesystem::is_directory(content / "sigma", error)) library.mapping_folders.push_back(content / "sigma");
  for (const auto& pipeline : options.pipelines) {
    if (!std::filesystem::exists(pipeline, error))
      return fail(ErrorKind::not_found, "there is no pipeline at {}", pipeline);
    library.pipeline_folders.emplace_back(pipeline);
  }
  library.least_level = sigma::Level::informational;
  library.supplied = roles::supplied_by(packs);
  const auto loaded = TRY(detect::RuleLibrary::open(std::move(library)), "loading rules of {}", options.rules);
  auto snapshot = loaded->current();
  std::size_t errors = 0;
  for (const auto& problem : snapshot->problems) {
    if (problem.severity != sigma::Problem::Severity::error) continue;
    if (++errors <= 10) console.err << "rule left out: " << problem.to_text() << '\n';
  }
  if (errors > 10)
    console.err << fmt::format("... {} more mistakes in rules; yagura rules check {} lists them all\n", errors - 10,
                               options.rules);
  if (snapshot->rules.empty() && snapshot->correlations.empty())
    return fail(ErrorKind::invalid_input, "there is no rule that could be used in {}", options.rules);
  return snapshot;
}

// One line on the terminal that is written again and again.
class ProgressBar {
 public:
  explicit ProgressBar(Console& console) : console_(console) {}
  void show(const hunt::Progress& progress) {
    const auto now = std::chrono::steady_clock::now();
    if (!progress.finished && now - shown_ < std::chrono::milliseconds(100)) return;
    const double seconds = std::chrono::duration<double>(now - started_).count();
    shown_ = now;
    if (progress.finished) {
      console_.err << "\r\x1b[K" << std::flush;
      return;
    }
    std::string line = "\r\x1b[K";
    if (progress.bytes_total != 0) {
      const double part =
          std::min(1.0, static_cast<double>(progress.bytes_done) / static_cast<double>(progress.bytes_total));
      constexpr int kWidth = 30;
      const int full = static_cast<int>(part * kWidth);
      line += '[';
      for (int i = 0; i < kWidth; ++i) line += i < full ? "█" : "░";
      line += fmt::format("] {:3.0f}%  ", part * 100);
      if (part > 0.02 && part < 1 && seconds > 2) line += fmt::format("{:.0f} s left  ", seconds / part - seconds);
    }
    line += fmt::format("{} events, {:.0f}/s, {} findings", progress.events,
                        static_cast<double>(progress.events) / std::max(seconds, 0.1), progress.findings);
    console_.err << line << std::flush;
  }

 private:
  Console& console_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point shown_{};
};

void tell_problems(const hunt::Report& report, Console& console) {
  constexpr std::size_t kOfOneFile = 5, kOfAll = 60;
  std::size_t told = 0, of_file = 0;
  std::string_view file;
  std::uint64_t kept_back = report.problem_count - report.problems.size();
  for (const auto& problem : report.problems) {
    if (problem.file != file) file = problem.file, of_file = 0;
    if (++of_file > kOfOneFile || told >= kOfAll) {
      ++kept_back;
      continue;
    }
    ++told;
    console.err << fmt::format("{}: {}{}\n", problem.file, problem.what,
                               problem.offset ? fmt::format(" (at byte {})", *problem.offset) : std::string());
  }
  if (kept_back != 0)
    console.err << fmt::format("... {} more remarks about files; the HTML report has them\n", kept_back);
}

std::size_t terminal_width(const Console& console) {
  struct winsize size{};
  if (console.out_is_terminal && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 80)
    return size.ws_col;
  return console.out_is_terminal ? 160 : 0;
}

Result<ExitCode> run_hunt(const Options& options, Console& console) {
  const auto format = TRY(format_option(options));
  hunt::HuntOptions hunting;
  hunting.threads = options.threads;
  hunting.since = TRY(time_option(options.since, "since"));
  hunting.until = TRY(time_option(options.until, "until"));
  hunting.least_level = TRY(level_option(options.level));
  hunting.tags = options.tags;
  hunting.rules = options.only;
  hunting.checks = !options.no_checks;
  hunting.with_slack = options.with_slack;
  const auto content = TRY(roles::find_content(options.content));
  hunting.packs = TRY(roles::load_packs(content));
  const auto snapshot = TRY(load_rules(options, content, *hunting.packs, console));

  std::vector<hunt::FileProblem> missing;
  auto files = hunt::find_evidence(options.files, missing);
  for (const auto& problem : missing) console.err << problem.file << ": " << problem.what << '\n';
  if (files.empty()) return fail(ErrorKind::not_found, "there is no file to read");
  std::ofstream file;
  if (!options.output.empty() && options.output != "-") {
    file.open(options.output, std::ios::binary | std::ios::trunc);
    if (!file) return fail(ErrorKind::invalid_input, "{} cannot be written", options.output);
  }
  std::ostream& out = file.is_open() ? file : console.out;

  hunt::Evidence evidence(std::move(files), console.in);
  ProgressBar bar(console);
  std::function<void(const hunt::Progress&)> progress;
  if (console.err_is_terminal && !options.quiet) progress = [&](const hunt::Progress& now) { bar.show(now); };
  const auto report = TRY(hunt::hunt(evidence, snapshot, hunting, progress));

  hunt::ReportStyle style;
  style.colours = console.colours && !file.is_open();
  style.width = file.is_open() ? 0 : terminal_width(console);
  style.title = options.title;
  style.language = options.language;
  style.version = kVersion;
  TRY(write_report(report, format, style, out));
  out.flush();
  if (!out)
    return fail(ErrorKind::unavailable, "the report could not be written{}",
                file.is_open() ? " to " + options.output : std::string());
  tell_problems(report, console);
  if (!options.quiet) console.err << summary_text(report, console.colours && console.err_is_terminal);

  // What is only remarked (an export, a long silence) is no finding that a script should stop for.
  for (const auto& finding : report.findings) {
    const auto& rule = report.rules[finding.rule];
    if (!rule.is_check || rule.level > sigma::Level::informational) return ExitCode::findings;
  }
  const bool nothing_read = report.event_count == 0 && (report.problem_count != 0 || !missing.empty());
  return nothing_read ? ExitCode::bad_input : ExitCode::done;
}

}  // namespace

void add_hunt(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("hunt", "Run Sigma rules over EVTX and log files; no server needed");
  command->footer(
      "Files: EVTX; Windows events as XML or as JSON of evtx_dump, Winlogbeat, NXLog and Windows Event Collectors;\n"
      "CloudTrail and other JSON; syslog, CEF, auditd; each also as .gz or .zst; folders with all below them; - for\n"
      "standard input. What a file is, its bytes tell.\n"
      "Exit codes: 0 nothing found, 1 something found, 2 bad input, 3 could not be done.\n\n"
      "Examples:\n"
      "  yagura hunt sigma/rules evidence/ -o timeline.html\n"
      "  yagura hunt rules.zip Security.evtx --level high --since 2024-05-01\n"
      "  zcat trail.json.gz | yagura hunt rules/cloud/aws - --format jsonl");
  command->add_option("rules", options->rules, "Sigma rules: a file, a folder, or an archive of them")->required();
  command->add_option("files", options->files, "Files and folders of evidence; - for standard input")->required();
  command->add_option("--format", options->format, "table, jsonl, csv or html; else by the ending of --output");
  command->add_option("--output,-o", options->output, "Write the report to this file");
  command->add_option("--since", options->since,
                      "Only events from then on: 2024-01-31, 2024-01-31T10:00:00Z, 7d (ago)");
  command->add_option("--until", options->until, "Only events before then");
  command->add_option("--level", options->level, "Rules of this level and above");
  command->add_option("--tag", options->tags, "Rules with this tag: attack.execution, t1059 (may be repeated)");
  command->add_option("--rule", options->only, "Rules with this id, or this in their title (may be repeated)");
  command->add_option("--pipeline", options->pipelines, "Processing pipeline for the rules (may be repeated)");
  command->add_option("--threads", options->threads, "Threads; default: one for each core");
  command->add_flag("--slack", options->with_slack,
                    "Also records of EVTX files that newer ones have not overwritten yet");
  command->add_flag("--no-checks", options->no_checks,
                    "Leave out what is found without rules: cleared logs, gaps, moved clocks");
  command->add_option("--title", options->title, "Title of the HTML report");
  command->add_option("--language", options->language, "Of the HTML report: en or ja; default: the reader's browser");
  command->add_flag("--quiet,-q", options->quiet, "No progress and no summary");
  command->add_option("--content", options->content, "Folder of content (log source mappings)");
  command->callback([=, &chosen] { chosen = [=](Console& console) { return run_hunt(*options, console); }; });
}

}  // namespace yagura::cli
