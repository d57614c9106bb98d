// yagura rules test: which rules match a file of samples; or test files, which say what must match.
//
//   rule: 5f1ab0cd-...                 # id, name or title
//   tests:
//     - name: a download                # for messages
//       event: {Image: 'C:\Windows\System32\certutil.exe', CommandLine: 'certutil -urlcache -f http://x'}
//       match: true
//     - line: '<38>Nov 22 08:00:00 gate sshd[7]: Accepted password for root from 198.51.100.9 port 4242 ssh2'
//       format: syslog                  # how to read the line; default: auto
//       match: false
//
// An event is of the rule's own log source unless it says `logsource: {product: ..., category: ..., service: ...}`; a line is of
// what its decoder says.
#include <filesystem>

#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/rules.hpp"
#include "formats/registry.hpp"
#include "sigma/yaml_document.hpp"
#include "sigma/yaml_record.hpp"

namespace yagura::cli {

namespace {

namespace fs = std::filesystem;
using sigma::YamlNode;

constexpr std::size_t kMostFiles = 10'000;

struct Outcome {
  std::string place, name, rule, message;  // message: why it failed, "" when it did not
  bool broken = false;                     // the test itself cannot be run
};

std::string text_at(const YamlNode& map, std::string_view key) {
  const auto* node = map.find(key);
  return node != nullptr ? node->text : std::string();
}

Result<std::vector<fs::path>> test_files(const std::vector<std::string>& places) {
  std::vector<fs::path> files;
  for (const auto& place : places) {
    std::error_code error;
    if (!fs::is_directory(place, error)) {
      files.emplace_back(place);
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(place, fs::directory_options::skip_permission_denied, error)) {
      const std::string name = entry.path().filename().string();
      if (name.ends_with(".test.yml") || name.ends_with(".test.yaml")) files.push_back(entry.path());
      if (files.size() > kMostFiles) return fail(ErrorKind::exhausted, "there are more than {} test files", kMostFiles);
    }
    if (error) return fail(ErrorKind::not_found, "{} cannot be read: {}", place, error.message());
  }
  std::ranges::sort(files);
  return files;
}

class Tester {
 public:
  Tester(const LoadedRules& rules, bool why) : rules_(rules), scratch_(rules.snapshot->set->make_scratch()), why_(why) {}

  void run(const fs::path& path) {
    file_ = path.string();
    const auto text = read_file(path, 64_MiB);
    if (!text) return broken({}, "", text.error().message());
    const auto parsed = sigma::parse_yaml(*text);
    if (parsed.error) broken(parsed.error->place, "", parsed.error->message);
    for (const auto& document : parsed.documents) {
      if (document.is_null()) continue;
      const auto* tests = document.is_map() ? document.find("tests") : nullptr;
      if (tests == nullptr || !tests->is_list()) {
        broken(document.place, "", "a test file is a map with 'rule' and 'tests', a list");
        continue;
      }
      for (const auto& test : tests->items) run(test, text_at(document, "rule"));
    }
  }
  const std::vector<Outcome>& outcomes() const { return outcomes_; }

 private:
  void broken(sigma::YamlPlace at, std::string name, std::string message) {
    outcomes_.push_back({sigma::Place{file_, at}.to_text(), std::move(name), "", std::move(message), true});
  }

  std::optional<std::uint32_t> find(const std::string& wanted) const {
    const auto& rules = rules_.snapshot->set->rules();
    for (std::uint32_t r = 0; r < rules.size(); ++r) {
      const auto& metadata = rules[r].metadata;
      if (wanted == metadata.id || (!metadata.name.empty() && wanted == metadata.name) || equal_ignoring_ascii_case(wanted, metadata.title)) return r;
    }
    return std::nullopt;
  }

  void run(const YamlNode& test, const std::string& file_rule) {
    const std::string name = test.is_map() ? text_at(test, "name") : "";
    const auto* event = test.is_map() ? test.find("event") : nullptr;
    const auto* line = test.is_map() ? test.find("line") : nullptr;
    static constexpr std::string_view kKeys[] = {"name", "rule", "event", "line", "format", "logsource", "match"};
    for (const auto& [key, value] : test.entries)
      if (std::ranges::find(kKeys, std::string_view(key.text)) == std::end(kKeys))
        return broken(key.place, name, fmt::format("a test has no '{}'{}", key.text, did_you_mean(key.text, kKeys)));
    if ((event == nullptr) == (line == nullptr)) return broken(test.place, name, "a test has either 'event', a map of fields, or 'line', a text");
    const std::string wanted = test.find("rule") != nullptr ? text_at(test, "rule") : file_rule;
    const auto rule = find(wanted);
    if (!rule) {
      std::vector<std::string_view> known;
      for (const auto& one : rules_.snapshot->set->rules()) known.push_back(one.metadata.id);
      return broken(test.place, name, fmt::format("there is no rule '{}'{}", wanted, did_you_mean(wanted, known)));
    }
    const std::string match_text = text_at(test, "match");
    if (match_text != "true" && match_text != "false") return broken(test.place, name, "'match' must be true or false");
    event::RecordBatch records;
    if (event != nullptr) {
      if (!event->is_map()) return broken(event->place, name, "'event' must be a map of fields");
      sigma::add_yaml_record(records, *event);
      records.end_record();
      const auto* source = test.find("logsource");
      const auto& own = rules_.snapshot->set->rules()[*rule].log_source;
      const auto word = [&](std::string_view key, const std::string& fallback) { return records.arena().copy(source != nullptr ? text_at(*source, key) : fallback); };
      records.header(0).log_source = {word("product", own.product), word("category", own.category), word("service", own.service)};
    } else {
      const std::string format = test.find("format") != nullptr ? text_at(test, "format") : "auto";
      if (formats::find_format(format) == nullptr) return broken(test.place, name, fmt::format("unknown format '{}'", format));
      formats::decode(format, {.raw = records.arena().copy(line->text), .received_at = ReceiveClock::now(), .position = Position(1)}, {}, records);
      records.end_record();
    }
    const auto matches = cli::match(rules_, records, *scratch_);
    const bool matched = std::ranges::any_of(matches, [&](const auto& one) { return one.rule == *rule; });
    Outcome outcome{sigma::Place{file_, test.place}.to_text(), name, rules_.snapshot->rules[*rule].alert.title, "", false};
    if (matched != (match_text == "true")) {
      outcome.message = matched ? "it matches, but should not" : "it does not match, but should";
      if (why_) outcome.message += "\n" + rules_.snapshot->set->explain(*rule, records[0]).to_text();
    }
    outcomes_.push_back(std::move(outcome));
  }

  const LoadedRules& rules_;
  std::unique_ptr<sigma::MatchScratch> scratch_;
  const bool why_;
  std::string file_;
  std::vector<Outcome> outcomes_;
};

Result<ExitCode> run_tests(const RulesOptions& options, Console& console) {
  const auto files = TRY(test_files(options.tests));
  if (files.empty()) return fail(ErrorKind::not_found, "there are no test files (*.test.yml) in {}", fmt::join(options.tests, ", "));
  const auto loaded = TRY(load_rules(options));
  Tester tester(loaded, options.why);
  for (const auto& file : files) tester.run(file);
  std::size_t failed = 0, broken = 0;
  std::string json;
  JsonWriter writer(json);
  writer.begin_object().key("tests").begin_array();
  for (const auto& one : tester.outcomes()) {
    failed += !one.broken && !one.message.empty();
    broken += one.broken;
    if (options.json)
      writer.begin_object().key("place").text(one.place).key("name").text(one.name).key("rule").text(one.rule)
          .key("passed").boolean(one.message.empty()).key("message").text(one.message).end_object();
    else if (!one.message.empty())
      console.out << fmt::format("{}: {}{}{}: {}\n", one.place, one.broken ? "error" : "failed", one.name.empty() ? "" : ": ", one.name,
                                 one.rule.empty() ? one.message : fmt::format("{}: {}", one.rule, one.message));
  }
  if (options.json)
    console.out << (writer.end_array().key("failed").number(std::uint64_t{failed}).key("broken").number(std::uint64_t{broken}).end_object(), json) << '\n';
  else
    console.out << fmt::format("{} tests, {} failed{}\n", tester.outcomes().size() - broken, failed, broken == 0 ? "" : fmt::format(", {} could not be run", broken));
  return broken != 0 ? ExitCode::bad_input : failed != 0 ? ExitCode::findings : ExitCode::done;
}

}  // namespace

Result<ExitCode> test_rules(const RulesOptions& options, Console& console) {
  if (options.tests.empty() == options.samples.empty()) return fail(ErrorKind::invalid_input, "give either --samples, events to try, or --tests, test files");
  if (!options.tests.empty()) return run_tests(options, console);
  const auto loaded = TRY(load_rules(options));
  auto records = TRY(read_samples(options.samples, options.format, console));
  const auto scratch = loaded.snapshot->set->make_scratch();
  const auto matches = match(loaded, records, *scratch);
  std::string json;
  JsonWriter writer(json);
  writer.begin_object().key("matches").begin_array();
  for (const auto& one : matches) {
    const auto& rule = loaded.snapshot->rules[one.rule];
    const auto line = records[one.record].header().origin.position.number();
    if (options.json) {
      writer.begin_object().key("line").number(line).key("rule").text(rule.alert.id).key("title").text(rule.alert.title).key("level").text(rule.alert.level).key("file").text(rule.file).end_object();
      continue;
    }
    console.out << fmt::format("line {}: {} ({})\n", line, rule.alert.title, rule.file);
    if (options.why) console.out << loaded.snapshot->set->explain(one.rule, records[one.record]).to_text() << '\n';
  }
  if (options.json)
    console.out << (writer.end_array().key("events").number(std::uint64_t{records.size()}).end_object(), json) << '\n';
  else
    console.out << fmt::format("{} matches on {} events\n", matches.size(), records.size());
  return matches.empty() ? ExitCode::done : ExitCode::findings;
}

}  // namespace yagura::cli
