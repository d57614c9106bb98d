// Suites sigma-evtx and sigma-regression: all public rules over EVTX files, through the reader and the mapping that the
// program itself uses (content/sigma).
#include <chrono>
#include <set>

#include "base/text.hpp"
#include "formats/evtx.hpp"
#include "sigma/rule_loader.hpp"
#include "sigma/rule_set.hpp"
#include "sigma_suites.hpp"

namespace yagura::conformance {

namespace {

namespace json = boost::json;

std::shared_ptr<const sigma::RuleSet> public_rules(const std::filesystem::path& cases) {
  const Unpacked unpacked(cases / "sigma/rules.tar.gz");
  sigma::RuleCollection rules;
  sigma::Problems problems;
  for (const auto& path : rule_files(unpacked.path()))
    if (const auto text = read_file(path)) load_rules(*text, path.string(), {}, rules, problems);
  check_references(rules, problems);
  auto map = std::make_shared<sigma::LogSourceMap>();
  const auto folder = std::filesystem::path(YAGURA_SOURCE_DIR) / "content/sigma";
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (const auto text = read_file(entry.path())) map->add(*text, entry.path().string(), problems);
  return sigma::RuleSet::compile(std::move(rules), {.log_sources = std::move(map)}, problems);
}

using Counts = std::map<std::pair<std::string, std::string>, int>;  // (file, rule id) -> records

struct Totals {
  std::size_t records = 0;
  double read_seconds = 0, match_seconds = 0;
};

void match_file(const sigma::RuleSet& set, sigma::MatchScratch& scratch, const std::filesystem::path& path,
                const std::string& name, Counts& counts, Totals& totals) {
  const auto bytes = read_file(path);
  if (!bytes) return;
  const auto now = [] { return std::chrono::steady_clock::now(); };
  const formats::EvtxFile file(*bytes);
  formats::EvtxChunkReader reader;
  std::vector<formats::EvtxDamage> damage;
  for (const auto& chunk : file.chunks()) {
    const auto start = now();
    event::RecordBatch batch;
    reader.read(file, chunk, {}, batch, damage);
    const auto read = now();
    std::vector<sigma::Match> matches;
    set.match(batch, scratch, matches);
    const auto done = now();
    for (const auto& match : matches) ++counts[{name, set.rules()[match.rule].metadata.id}];
    totals.records += batch.size();
    totals.read_seconds += std::chrono::duration<double>(read - start).count();
    totals.match_seconds += std::chrono::duration<double>(done - read).count();
  }
}

// Every pair of either side is a case.
void compare(const std::filesystem::path& oracle, const Counts& found, const std::string& name, Report& report) {
  Counts wanted;
  std::map<std::string, std::string> titles;
  std::ifstream lines(oracle);
  for (std::string line; std::getline(lines, line);) {
    const auto pair = json::parse(line).as_object();
    const std::string rule(pair.at("rule_id").as_string());
    wanted[{std::string(pair.at("file").as_string()), rule}] = static_cast<int>(pair.at("count").as_int64());
    titles[rule] = std::string(pair.at("rule_title").as_string());
  }
  for (const auto& [pair, count] : wanted) {
    const auto mine = found.find(pair);
    const int got = mine == found.end() ? 0 : mine->second;
    report.add(name, got == count,
               pair.first + ": " + titles[pair.second] + " (" + pair.second + "): " + std::to_string(got) +
                   " matches, expected " + std::to_string(count));
  }
  for (const auto& [pair, count] : found)
    if (!wanted.contains(pair))
      report.add(name, false,
                 pair.first + ": " + pair.second + ": " + std::to_string(count) + " matches, expected none");
}

void print_totals(const Totals& totals) {
  std::cerr << totals.records << " records: read in " << totals.read_seconds << " s, matched in "
            << totals.match_seconds << " s\n";
}

std::vector<std::filesystem::path> evtx_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.path().extension() == ".evtx") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int run_sigma_evtx(const std::filesystem::path& cases, Report& report) {
  const auto set = public_rules(cases);
  const auto scratch = set->make_scratch();
  const Unpacked unpacked(cases / "evtx/evtx.tar.gz");
  Counts counts;
  Totals totals;
  for (const auto& path : evtx_files(unpacked.path())) {
    const auto name = std::filesystem::relative(path, unpacked.path()).string();
    if (!name.starts_with("damaged/")) match_file(*set, *scratch, path, name, counts, totals);
  }
  compare(cases / "sigma/oracle_evtx.jsonl", counts, "sigma-evtx", report);
  report.print_all("sigma-evtx");
  print_totals(totals);
  return 0;
}

int run_sigma_regression(const std::filesystem::path& cases, Report& report) {
  const auto set = public_rules(cases);
  const auto scratch = set->make_scratch();
  const Unpacked unpacked(cases / "sigma/regression.tar.gz");
  Counts counts;
  Totals totals;
  for (const auto& path : evtx_files(unpacked.path()))
    match_file(*set, *scratch, path, std::filesystem::relative(path, unpacked.path()).string(), counts, totals);
  compare(cases / "sigma/oracle_regression.jsonl", counts, "sigma-regression.oracle", report);
  // SigmaHQ's own word: each rule matches its own file, at least as often as it says.
  for (const auto& entry : std::filesystem::recursive_directory_iterator(unpacked.path())) {
    if (entry.path().filename() != "info.yml") continue;
    const auto text = read_file(entry.path());
    const auto info = sigma::parse_yaml(*text);
    if (info.documents.empty()) continue;
    const auto* rules = info.documents[0].find("rule_metadata");
    const auto* tests = info.documents[0].find("regression_tests_info");
    if (!rules || !tests) continue;
    for (const auto& test : tests->items) {
      const auto* path = test.find("path");
      const auto* least = test.find("match_count");
      const auto wanted = least ? least->as_integer().value_or(1) : 1;
      for (const auto& rule : rules->items) {
        const auto found = counts.find({path->text, rule.find("id")->text});
        const int got = found == counts.end() ? 0 : found->second;
        report.add("sigma-regression.tests", got >= wanted,
                   path->text + ": " + rule.find("id")->text + " matches " + std::to_string(got) +
                       " records, at least " + std::to_string(wanted) + " expected");
      }
    }
  }
  report.print_all("sigma-regression");
  print_totals(totals);
  return 0;
}

}  // namespace yagura::conformance
