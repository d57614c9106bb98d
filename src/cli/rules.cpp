// yagura rules check | test: Sigma rules without a server.
#include <istream>
#include <ostream>

#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "detect/rule_library.hpp"
#include "formats/registry.hpp"
#include "roles/server_role.hpp"

namespace yagura::cli {

namespace {

struct RulesOptions {
  std::vector<std::string> rules;
  std::string content;
  std::string format = "auto";
  std::string samples;
  bool why = false;
};

Result<std::unique_ptr<detect::RuleLibrary>> load(const RulesOptions& options) {
  const auto content = TRY(roles::find_content(options.content));
  detect::RuleLibraryOptions library;
  for (const auto& rule : options.rules) library.rule_folders.emplace_back(rule);
  if (library.rule_folders.empty()) library.rule_folders.push_back(content / "rules");
  if (std::filesystem::is_directory(content / "sigma")) library.mapping_folders.push_back(content / "sigma");
  library.least_level = sigma::Level::informational;
  return detect::RuleLibrary::open(std::move(library));
}

Result<ExitCode> check(const RulesOptions& options, Console& console) {
  const auto library = TRY(load(options));
  const auto snapshot = library->current();
  std::size_t errors = 0;
  for (const auto& problem : snapshot->problems) {
    console.err << (problem.severity == sigma::Problem::Severity::error ? "error: " : "warning: ") << problem.to_text() << '\n';
    errors += problem.severity == sigma::Problem::Severity::error;
  }
  console.out << fmt::format("{} rules and {} correlations are good, {} mistake{}\n", snapshot->rules.size(), snapshot->correlations.size(),
                             errors, errors == 1 ? "" : "s");
  return errors == 0 ? ExitCode::done : ExitCode::bad_input;
}

// Each line of the samples is one event; says which rules match it and, with --why, why or why not.
Result<ExitCode> test(const RulesOptions& options, Console& console) {
  if (formats::find_format(options.format) == nullptr) {
    std::vector<std::string_view> names;
    for (const auto& format : formats::all_formats()) names.push_back(format.name);
    return fail(ErrorKind::invalid_input, "unknown format '{}'{}; there are: {}", options.format, did_you_mean(options.format, names), fmt::join(names, ", "));
  }
  const auto library = TRY(load(options));
  const auto snapshot = library->current();
  const std::string text = options.samples == "-" ? std::string(std::istreambuf_iterator<char>(console.in), {}) : TRY(read_file(options.samples));
  event::RecordBatch records;
  for (const auto line : split(text, '\n'))
    if (!trim(line).empty()) formats::decode(options.format, {.raw = line, .received_at = ReceiveClock::now()}, {}, records);
  records.end_record();
  std::vector<sigma::Match> matches;
  const auto scratch = snapshot->set->make_scratch();
  snapshot->set->match(records, *scratch, matches);
  for (const auto& match : matches) {
    console.out << fmt::format("line {}: {} ({})\n", match.record + 1, snapshot->rules[match.rule].alert.title, snapshot->rules[match.rule].file);
    if (options.why) console.out << snapshot->set->explain(match.rule, records[match.record]).to_text() << '\n';
  }
  if (options.why && matches.empty())
    for (std::uint32_t record = 0; record < records.size(); ++record)
      for (std::uint32_t rule = 0; rule < snapshot->rules.size() && snapshot->rules.size() <= 20; ++rule)
        console.out << fmt::format("line {}: not {}\n{}\n", record + 1, snapshot->rules[rule].alert.title, snapshot->set->explain(rule, records[record]).to_text());
  console.out << fmt::format("{} matches on {} events\n", matches.size(), records.size());
  return matches.empty() ? ExitCode::done : ExitCode::findings;
}

}  // namespace

void add_rules(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<RulesOptions>();
  auto* group = app.add_subcommand("rules", "Check and try out Sigma rules");
  group->require_subcommand(1);
  group->footer("Examples:\n  yagura rules check ./sigma-rules\n  yagura rules test --samples auth.log --why content/rules/linux/ssh.yml");
  auto* check_command = group->add_subcommand("check", "Load rules and list every mistake with file and line");
  check_command->add_option("rules", options->rules, "Rule files or folders; default: the ones that come with Yagura");
  check_command->add_option("--content", options->content, "Folder of content");
  check_command->callback([=, &chosen] { chosen = [=](Console& console) { return check(*options, console); }; });
  auto* test_command = group->add_subcommand("test", "Which rules match these events, and why");
  test_command->add_option("rules", options->rules, "Rule files or folders; default: the ones that come with Yagura");
  test_command->add_option("--samples", options->samples, "File with one event a line; - for standard input")->required();
  test_command->add_option("--format", options->format, "How to read the lines")->capture_default_str();
  test_command->add_flag("--why", options->why, "Explain each match, or why nothing matched");
  test_command->add_option("--content", options->content, "Folder of content");
  test_command->callback([=, &chosen] { chosen = [=](Console& console) { return test(*options, console); }; });
}

}  // namespace yagura::cli
