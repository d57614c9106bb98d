// Suite sigma: the public rules load, and the cases of every feature of the specification.
#include <chrono>
#include <sstream>

#include "sigma/rule_loader.hpp"
#include "sigma/rule_set.hpp"
#include "sigma_json.hpp"
#include "sigma_suites.hpp"

namespace yagura::conformance {

namespace {

namespace json = boost::json;

std::string text_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

sigma::LoadOptions options_of(const json::object& c) {
  sigma::LoadOptions options;
  if (const auto* placeholders = c.if_contains("placeholders"))
    for (const auto& entry : placeholders->as_object()) {
      auto& values = options.placeholders[std::string(entry.key())];
      for (const auto& value : entry.value().as_array()) values.emplace_back(value.as_string());
    }
  return options;
}

std::string problems_text(const sigma::Problems& problems) {
  std::string text;
  for (const auto& problem : problems.all()) text += "\n    " + problem.to_text();
  return text;
}

std::vector<std::string> matched_ids(const sigma::RuleSet& set, const event::RecordBatch& batch) {
  const auto scratch = set.make_scratch();
  std::vector<sigma::Match> matches;
  set.match(batch, *scratch, matches);
  std::vector<std::string> ids;
  for (const auto& match : matches) ids.push_back(set.rules()[match.rule].metadata.id);
  return ids;
}

void run_detection(const json::object& c, Report& report) {
  sigma::RuleCollection rules;
  sigma::Problems problems;
  load_rules(text_of(c, "rule"), text_of(c, "id"), options_of(c), rules, problems);
  const bool wanted = c.at("match").as_bool();
  const auto set = sigma::RuleSet::compile(std::move(rules), {.route_by_log_source = false}, problems);
  event::RecordBatch batch;
  add_record(batch, c.at("event").as_object());
  const bool loaded = set->rules().size() == 1 && problems.error_count() == 0;
  const bool matched = loaded && !matched_ids(*set, batch).empty();
  const bool plain = loaded && evaluate(set->rules()[0].detections, batch[0]);
  std::string failure = text_of(c, "id") + ": expected " + (wanted ? "a match" : "no match") + ": " + text_of(c, "why");
  if (matched != plain) failure += "; the compiled matcher and the plain evaluator differ";
  if (loaded) failure += "\n" + set->explain(0, batch[0]).to_text();
  report.add("sigma.detection", loaded && matched == wanted && plain == wanted, failure + problems_text(problems));
}

void run_reject(const json::object& c, Report& report) {
  sigma::RuleCollection rules;
  sigma::Problems problems;
  load_rules(text_of(c, "rule"), text_of(c, "id"), options_of(c), rules, problems);
  check_references(rules, problems);
  sigma::RuleSet::compile(std::move(rules), {}, problems);
  report.add("sigma.reject", problems.error_count() != 0, text_of(c, "id") + ": must be refused: " + text_of(c, "why"));
}

void run_filter(const json::object& c, Report& report) {
  if (text_of(c, "basis") == "disputed") return;
  sigma::RuleCollection rules;
  sigma::Problems problems;
  load_rules(text_of(c, "rules"), text_of(c, "id"), options_of(c), rules, problems);
  check_references(rules, problems);
  const auto set = sigma::RuleSet::compile(std::move(rules), {.route_by_log_source = false}, problems);
  event::RecordBatch batch;
  add_record(batch, c.at("event").as_object());
  auto found = matched_ids(*set, batch);
  std::vector<std::string> wanted;
  for (const auto& id : c.at("matched").as_array()) wanted.emplace_back(id.as_string());
  std::sort(found.begin(), found.end());
  std::sort(wanted.begin(), wanted.end());
  report.add("sigma.filter", found == wanted && problems.error_count() == 0,
             text_of(c, "id") + ": " + text_of(c, "why") + problems_text(problems));
}

// Two rules use placeholders that nobody has configured and must be refused; everything else loads.
void run_rules(const std::filesystem::path& cases, Report& report) {
  const Unpacked unpacked(cases / "sigma/rules.tar.gz");
  const auto start = std::chrono::steady_clock::now();
  sigma::RuleCollection rules;
  sigma::Problems problems;
  std::size_t files = 0;
  for (const auto& path : rule_files(unpacked.path())) {
    const auto text = read_file(path);
    if (!text) continue;
    ++files;
    const std::size_t before = rules.rules.size(), errors = problems.error_count();
    load_rules(*text, std::filesystem::relative(path, unpacked.path()).string(), {}, rules, problems);
    const bool loaded = rules.rules.size() == before + 1 && problems.error_count() == errors;
    const bool placeholder = text->find("|expand:") != std::string::npos;
    report.add("sigma.load", loaded != placeholder,
               path.string() + (loaded ? " must be refused" : " does not load") +
                   (loaded ? "" : "\n    " + problems.all().back().to_text()));
  }
  const auto read = std::chrono::steady_clock::now();
  check_references(rules, problems);
  const auto set = sigma::RuleSet::compile(std::move(rules), {}, problems);
  const auto done = std::chrono::steady_clock::now();
  const auto seconds = [](auto from, auto to) { return std::chrono::duration<double>(to - from).count(); };
  const auto stats = set->stats();
  std::cerr << files << " files read in " << seconds(start, read) << " s, " << stats.rules << " rules compiled in "
            << seconds(read, done) << " s: " << stats.groups << " groups, " << stats.items << " items, "
            << stats.literals << " texts in " << stats.scanners << " scanners, " << stats.unguarded_rules
            << " rules without a guard\n";
}

}  // namespace

int run_sigma(const std::filesystem::path& cases, Report& report) {
  run_rules(cases, report);
  std::ifstream lines(cases / "sigma/conformance.jsonl");
  for (std::string line; std::getline(lines, line);) {
    const auto c = json::parse(line).as_object();
    const auto kind = text_of(c, "kind");
    if (kind == "detection")
      run_detection(c, report);
    else if (kind == "reject")
      run_reject(c, report);
    else if (kind == "filter")
      run_filter(c, report);
    else if (kind == "correlation")
      run_correlation(c, report);
  }
  report.print_all("sigma", "sigma.load");
  return 0;
}

}  // namespace yagura::conformance
