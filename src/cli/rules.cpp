// yagura rules check | test | explain | stats: Sigma rules without a server; list, tune, suppress: those of a server's data folder.
#include "cli/rules.hpp"

#include <ctime>
#include <istream>

#include "base/file.hpp"
#include "base/text.hpp"
#include "formats/registry.hpp"
#include "normalise/pack.hpp"
#include "roles/server_parts.hpp"
#include "roles/server_role.hpp"

namespace yagura::cli {

Result<LoadedRules> load_rules(const RulesOptions& options) {
  LoadedRules loaded;
  const auto content = TRY(roles::find_content(options.content));
  detect::RuleLibraryOptions library;
  for (const auto& rule : options.rules) library.rule_folders.emplace_back(rule);
  if (library.rule_folders.empty()) library.rule_folders.push_back(content / "rules");
  if (std::filesystem::is_directory(content / "sigma")) library.mapping_folders.push_back(content / "sigma");
  for (const auto& pipeline : options.pipelines) library.pipeline_folders.emplace_back(pipeline);
  library.least_level = sigma::Level::informational;
  loaded.packs = TRY(roles::load_packs(content));
  library.supplied = roles::supplied_by(*loaded.packs);
  loaded.library = TRY(detect::RuleLibrary::open(std::move(library)));
  loaded.snapshot = loaded.library->current();
  return loaded;
}

std::vector<sigma::Match> match(const LoadedRules& rules, event::RecordBatch& records, sigma::MatchScratch& scratch) {
  std::vector<sigma::Match> matches;
  // What a pack knows is of its log source, as in the server.
  if (records.size() != 0 && records[0].header().log_source.product != "windows") rules.packs->apply(records);
  const sigma::FieldSupplier supply = [&](std::size_t record) { return rules.packs->apply(records, record); };
  rules.snapshot->set->match(records, scratch, matches, &supply);
  return matches;
}

Result<event::RecordBatch> read_samples(const std::string& path, const std::string& format, Console& console) {
  if (formats::find_format(format) == nullptr) {
    std::vector<std::string_view> names;
    for (const auto& known : formats::all_formats()) names.push_back(known.name);
    return fail(ErrorKind::invalid_input, "unknown format '{}'{}; there are: {}", format, did_you_mean(format, names), fmt::join(names, ", "));
  }
  const std::string text = path == "-" ? std::string(std::istreambuf_iterator<char>(console.in), {}) : TRY(read_file(path, 1_GiB));
  event::RecordBatch records;
  const auto kept = records.arena().copy(text);
  std::uint64_t line_number = 0;
  for (const auto line : split(kept, '\n')) {
    ++line_number;
    if (trim(line).empty()) continue;
    formats::decode(format, {.raw = line, .received_at = ReceiveClock::now(), .position = Position(line_number)}, {}, records);
  }
  records.end_record();
  return records;
}

namespace {

// Every problem with its place; the exit code says whether there were errors.
Result<ExitCode> check(const RulesOptions& options, Console& console) {
  const auto loaded = TRY(load_rules(options));
  std::size_t errors = 0, warnings = 0, never = 0;
  std::string json;
  JsonWriter writer(json);
  writer.begin_object().key("problems").begin_array();
  for (const auto& problem : loaded.snapshot->problems) {
    const bool is_error = problem.severity == sigma::Problem::Severity::error;
    (is_error ? errors : warnings) += 1;
    if (options.json)
      writer.begin_object().key("severity").text(is_error ? "error" : "warning").key("file").text(problem.place.file)
          .key("line").number(std::uint64_t{problem.place.at.line}).key("column").number(std::uint64_t{problem.place.at.column})
          .key("rule").text(problem.rule).key("message").text(problem.message).end_object();
    else
      console.err << (is_error ? "error: " : "warning: ") << problem.to_text() << '\n';
  }
  for (const auto& rule : loaded.snapshot->rules) never += !rule.never.empty();
  const std::size_t rules = loaded.snapshot->rules.size(), correlations = loaded.snapshot->correlations.size();
  if (options.json) {
    writer.end_array().key("rules").number(std::uint64_t{rules}).key("correlations").number(std::uint64_t{correlations});
    writer.key("errors").number(std::uint64_t{errors}).key("warnings").number(std::uint64_t{warnings}).key("never").number(std::uint64_t{never}).end_object();
    console.out << json << '\n';
  } else {
    console.out << fmt::format("{} rules and {} correlations are loaded; {} mistake{}, {} warning{}; {} can never match\n", rules, correlations, errors,
                               errors == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s", never);
  }
  return errors == 0 && (!options.strict || warnings == 0) ? ExitCode::done : ExitCode::bad_input;
}

// Why each rule matches each sample, or does not.
Result<ExitCode> explain(const RulesOptions& options, Console& console) {
  constexpr std::size_t kMost = 2'000;
  const auto loaded = TRY(load_rules(options));
  auto records = TRY(read_samples(options.samples, options.format, console));
  std::vector<std::uint32_t> chosen;
  std::vector<std::string_view> known;
  for (std::uint32_t r = 0; r < loaded.snapshot->rules.size(); ++r) {
    const auto& rule = loaded.snapshot->rules[r];
    known.push_back(rule.alert.id);
    if (options.rule.empty() || rule.alert.id == options.rule || equal_ignoring_ascii_case(rule.alert.title, options.rule)) chosen.push_back(r);
  }
  if (chosen.empty()) return fail(ErrorKind::not_found, "there is no rule '{}'{}", options.rule, did_you_mean(options.rule, known));
  if (chosen.size() * records.size() > kMost)
    return fail(ErrorKind::invalid_input, "{} rules on {} events are too many to explain; name a rule with --rule, or give fewer events", chosen.size(), records.size());
  std::size_t matched = 0;
  std::string json;
  JsonWriter writer(json);
  writer.begin_array();
  for (std::size_t i = 0; i < records.size(); ++i) {
    loaded.packs->apply(records, i);
    for (const auto r : chosen) {
      const auto why = loaded.snapshot->set->explain(r, records[i]);
      const auto& rule = loaded.snapshot->rules[r];
      matched += why.matched;
      const auto line = records[i].header().origin.position.number();
      if (!options.json) {
        console.out << fmt::format("line {}: {} ({})\n{}\n", line, rule.alert.title, rule.file, why.to_text());
        continue;
      }
      writer.begin_object().key("line").number(line).key("rule").text(rule.alert.id).key("title").text(rule.alert.title).key("matched").boolean(why.matched);
      writer.key("conditions").begin_array();
      for (const auto& condition : why.conditions) writer.text(condition);
      writer.end_array().key("items").begin_array();
      for (const auto& item : why.items)
        writer.begin_object().key("identifier").text(item.identifier).key("item").text(item.item).key("matched").boolean(item.matched)
            .key("place").text(item.place.to_text()).key("why").text(item.why).end_object();
      writer.end_array().end_object();
    }
  }
  writer.end_array();
  if (options.json) console.out << json << '\n';
  return matched == 0 ? ExitCode::done : ExitCode::findings;
}

struct RuleFigures {
  std::uint32_t rule = 0;
  sigma::RuleCost cost;
  std::uint64_t matches = 0;
};

// What rules cost on these events: how often the prefilter lets an event through, how long an evaluation takes.
Result<ExitCode> stats(const RulesOptions& options, Console& console) {
  const auto begin = std::chrono::steady_clock::now();
  const auto loaded = TRY(load_rules(options));
  const std::chrono::duration<double> load_time = std::chrono::steady_clock::now() - begin;
  const auto set = loaded.snapshot->set->stats();
  std::vector<RuleFigures> figures(loaded.snapshot->rules.size());
  std::uint64_t events = 0;
  double reading = 0, matching = 0;  // ns of an event
  if (!options.samples.empty()) {
    constexpr std::size_t kChunk = 1'000;
    if (formats::find_format(options.format) == nullptr) return fail(ErrorKind::invalid_input, "unknown format '{}'", options.format);
    const std::string text = options.samples == "-" ? std::string(std::istreambuf_iterator<char>(console.in), {}) : TRY(read_file(options.samples, 2_GiB));
    std::vector<std::string_view> lines;
    for (const auto line : split(text, '\n'))
      if (!trim(line).empty()) lines.push_back(line);
    events = lines.size();
    const auto scratch = loaded.snapshot->set->make_scratch();
    // Of the processor, not of the clock on the wall: other programs run too.
    const auto now = [] { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC * 1e9; };
    const auto from = std::chrono::steady_clock::now();
    std::uint64_t rounds = 0;
    event::RecordBatch records;
    // Once is too short to measure: again and again, for two seconds.
    do {
      for (std::size_t at = 0; at < lines.size(); at += kChunk) {
        records.clear();
        const double begin = now();
        for (const auto line : std::span(lines).subspan(at, std::min(kChunk, lines.size() - at)))
          formats::decode(options.format, {.raw = line, .received_at = ReceiveTime{}, .position = Position(1)}, {}, records);
        records.end_record();
        const double decoded = now();
        const auto matches = match(loaded, records, *scratch);
        const double end = now();
        reading += decoded - begin;
        matching += end - decoded;
        if (rounds == 0)
          for (const auto& one : matches) ++figures[one.rule].matches;
      }
      ++rounds;
    } while (!lines.empty() && std::chrono::steady_clock::now() - from < 2s);
    if (events != 0) reading /= static_cast<double>(events * rounds), matching /= static_cast<double>(events * rounds);
    std::vector<sigma::RuleCost> costs(figures.size());
    scratch->drain_costs(costs);
    for (std::uint32_t r = 0; r < figures.size(); ++r) {
      figures[r].rule = r;
      figures[r].cost = costs[r];
      figures[r].cost.considered /= rounds;
      figures[r].cost.evaluated /= rounds;
    }
  }
  const auto each = [](const RuleFigures& f) { return f.cost.samples == 0 ? 0.0 : static_cast<double>(f.cost.nanoseconds) / static_cast<double>(f.cost.samples); };
  std::ranges::stable_sort(figures, [&](const auto& a, const auto& b) { return each(a) * static_cast<double>(a.cost.evaluated) > each(b) * static_cast<double>(b.cost.evaluated); });
  std::erase_if(figures, [](const auto& f) { return f.cost.considered == 0; });
  if (options.json) {
    std::string json;
    JsonWriter writer(json);
    writer.begin_object().key("rules").number(std::uint64_t{set.rules}).key("log_sources").number(std::uint64_t{set.groups}).key("literals").number(std::uint64_t{set.literals});
    writer.key("unguarded_rules").number(std::uint64_t{set.unguarded_rules}).key("load_seconds").number(load_time.count());
    writer.key("events").number(events).key("reading_nanoseconds").number(reading).key("matching_nanoseconds").number(matching).key("by_rule").begin_array();
    for (const auto& f : figures) {
      const auto& rule = loaded.snapshot->rules[f.rule];
      writer.begin_object().key("id").text(rule.alert.id).key("title").text(rule.alert.title).key("considered").number(f.cost.considered);
      writer.key("evaluated").number(f.cost.evaluated).key("matches").number(f.matches).key("nanoseconds").number(each(f)).end_object();
    }
    writer.end_array().end_object();
    console.out << json << '\n';
    return ExitCode::done;
  }
  console.out << fmt::format("{} rules of {} log sources, {} texts to look for; {} rules without a guard; loaded in {:.2f} s\n", set.rules, set.groups, set.literals,
                             set.unguarded_rules, load_time.count());
  if (options.samples.empty()) return ExitCode::done;
  console.out << fmt::format("{} events, {:.0f} ns each to read and {:.0f} ns to match: {:.0f} a second on one core\n", events, reading, matching,
                             reading + matching == 0 ? 0.0 : 1e9 / (reading + matching));
  if (!figures.empty()) console.out << fmt::format("\n{:>10} {:>10} {:>8} {:>9} {:>9}  {}\n", "EVENTS", "EVALUATED", "RATE", "MATCHES", "NS EACH", "RULE");
  for (std::size_t i = 0; i < figures.size() && i < options.most; ++i) {
    const auto& f = figures[i];
    console.out << fmt::format("{:>10} {:>10} {:>7.2f}% {:>9} {:>9.0f}  {}\n", f.cost.considered, f.cost.evaluated,
                               100.0 * static_cast<double>(f.cost.evaluated) / static_cast<double>(f.cost.considered), f.matches, each(f), loaded.snapshot->rules[f.rule].alert.title);
  }
  return ExitCode::done;
}

}  // namespace

void add_rules(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<RulesOptions>();
  auto* group = app.add_subcommand("rules", "Check, test, explain and tune Sigma rules");
  group->require_subcommand(1);
  group->footer(
      "Examples:\n"
      "  yagura rules check ./sigma-rules                            every mistake, with line and column\n"
      "  yagura rules check sigma_core.zip --json                    an archive of rules\n"
      "  yagura rules test --samples auth.log rules/ssh.yml          which rules match these events\n"
      "  yagura rules test --tests tests/ ./sigma-rules              test files: events that must match, and that must not\n"
      "  yagura rules explain --samples one.json --rule 5f1a... .    which condition holds, which does not, and why\n"
      "  yagura rules stats ./sigma-rules --samples events.ndjson    what each rule costs\n"
      "  yagura rules suppress 5f1a... --where User=backup --for 8h --reason 'restore test'\n"
      "\nExit codes: 0 good, 1 something matched (explain, test) or a test failed, 2 a mistake in rules, tests or options, 3 could not be done.");
  const auto add = [&](const char* name, const char* what, Result<ExitCode> (*action)(const RulesOptions&, Console&)) {
    auto* command = group->add_subcommand(name, what);
    command->add_option("rules", options->rules, "Files, folders or archives (zip, tar.gz) of rules; default: the ones that come with Yagura");
    command->add_option("--content", options->content, "Folder of content");
    command->add_option("--pipeline", options->pipelines, "A processing pipeline, as pySigma reads them: a file or folder; may be repeated")->allow_extra_args(false);
    command->add_flag("--json", options->json, "JSON in place of text");
    command->callback([=, &chosen] { chosen = [=](Console& console) { return action(*options, console); }; });
    return command;
  };
  const auto with_samples = [&](CLI::App* command) {
    auto* samples = command->add_option("--samples", options->samples, "File with one event a line; - for standard input");
    command->add_option("--format", options->format, "How to read the lines")->capture_default_str();
    return samples;
  };
  add("check", "Load rules and list every mistake with file, line and column, and rules that can never match", check)
      ->add_flag("--strict", options->strict, "Warnings are mistakes too");
  auto* explaining = add("explain", "Which condition of a rule matched, which did not, and why", explain);
  with_samples(explaining)->required();
  explaining->add_option("--rule", options->rule, "Only this rule, by id or title");
  auto* counting = add("stats", "What rules cost, on the given events", stats);
  with_samples(counting);
  counting->add_option("--most", options->most, "How many rules to list")->capture_default_str();
  auto* testing = add("test", "Which rules match these events; or run test files", test_rules);
  with_samples(testing);
  testing->add_option("--tests", options->tests, "A test file, or a folder of *.test.yml; docs/sigma.md has the format; may be repeated")->allow_extra_args(false);
  testing->add_flag("--why", options->why, "Explain each match, and each test that failed");
  add_rule_tuning(*group, options, chosen);
}

}  // namespace yagura::cli
