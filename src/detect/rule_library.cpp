#include "detect/rule_library.hpp"

#include <boost/json.hpp>

#include <set>

#include "base/file.hpp"
#include "base/text.hpp"
#include "detect/archive.hpp"
#include "sigma/pipeline.hpp"

namespace yagura::detect {

namespace {

constexpr std::size_t kMostFiles = 100'000;
constexpr Bytes kMostBytes = 4_MiB;      // of one rule file
constexpr Bytes kMostArchive = 256_MiB;  // of one archive

bool is_yaml(const std::filesystem::path& path) {
  const auto extension = path.extension();
  // x.test.yml is a test file of `yagura rules test` and may lie beside its rule.
  return (extension == ".yml" || extension == ".yaml") && path.stem().extension() != ".test";
}
// In an archive; not what repositories keep beside their rules.
bool is_rule_name(std::string_view name) {
  return is_yaml(name) && !name.starts_with('.') && name.find("/.") == std::string_view::npos;
}
bool is_archive(const std::filesystem::path& path) { return is_archive_name(path.filename().string()); }

bool is_below(const std::filesystem::path& folder, const std::filesystem::path& path) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
}
bool is_below(const std::vector<std::filesystem::path>& folders, const std::filesystem::path& path) {
  return std::ranges::any_of(folders, [&](const auto& folder) { return is_below(folder, path); });
}

// A filter that leaves alone what the detection matches, of one rule. Places of mistakes are those in the detection.
void load_exclusion(std::string_view rule_id, std::string_view detection, const std::string& name, sigma::RuleCollection& rules,
                    sigma::Problems& problems) {
  constexpr std::uint32_t kLinesBefore = 5, kColumnsBefore = 8;
  std::string text = fmt::format(
      "title: Left alone\nlogsource: {{category: any}}\nfilter:\n    rules: [{}]\n    selection:\n", rule_id);
  for (const auto line : split(detection, '\n')) text += fmt::format("        {}\n", line);
  text += "    condition: not selection\n";
  sigma::RuleCollection loaded;
  sigma::Problems found;
  sigma::load_rules(text, name, {}, loaded, found);
  if (found.all().empty() && loaded.filters.size() != 1)
    found.error({name, {}}, "a detection is expected: a map of fields and values, or a list of such maps");
  for (auto& problem : found.all()) {
    auto& at = problem.place.at;
    at = at.line > kLinesBefore ? sigma::YamlPlace{at.line - kLinesBefore, at.column > kColumnsBefore ? at.column - kColumnsBefore : 1} : sigma::YamlPlace{};
    problem.rule = rule_id;
    if (problem.severity == sigma::Problem::Severity::error) problems.error(problem.place, problem.message);
    else problems.warning(problem.place, problem.message);
    problems.all().back().rule = rule_id;
  }
  if (found.error_count() != 0) return;
  for (auto& filter : loaded.filters) {
    filter.log_source = {};  // of whatever source the rule is
    rules.filters.push_back(std::move(filter));
  }
}

}  // namespace

Result<std::vector<AlertSuppression>> parse_suppressions(std::int64_t id, const std::string& rule_id, std::string_view conditions,
                                                         ReceiveTime from, ReceiveTime until) {
  constexpr std::size_t kMost = 1'000;
  boost::system::error_code error;
  const auto json = boost::json::parse({conditions.data(), conditions.size()}, error);
  if (error || !json.is_object())
    return fail(ErrorKind::invalid_input, R"(conditions must be a JSON object such as {{"User": "svc_*", "HostName": ["web01", "web02"]}}, not {})",
                utf8::repaired(conditions.substr(0, 100)));
  std::vector<AlertSuppression> out{{id, rule_id, {}, from, until}};
  for (const auto& [field, value] : json.as_object()) {
    std::vector<std::string> texts;
    const auto add = [&](const boost::json::value& one) -> Result<> {
      if (one.is_string()) texts.emplace_back(one.as_string());
      else if (one.is_bool()) texts.emplace_back(one.as_bool() ? "true" : "false");
      else if (one.is_number()) texts.push_back(boost::json::serialize(one));
      else return fail(ErrorKind::invalid_input, "the condition on '{}' must be a text, a number or a list of them", std::string(field));
      return {};
    };
    if (value.is_array()) {
      for (const auto& one : value.as_array()) TRY(add(one));
    } else {
      TRY(add(value));
    }
    // Any of the values: a suppression for each.
    std::vector<AlertSuppression> more;
    for (const auto& one : out)
      for (const auto& text : texts) {
        more.push_back(one);
        more.back().conditions.emplace_back(std::string(field), sigma::Pattern::parse(text).folded());
      }
    if (more.empty() || more.size() > kMost)
      return fail(ErrorKind::invalid_input, "the condition on '{}' makes {} combinations of values; 1 to {} can be kept apart", std::string(field), more.size(), kMost);
    out = std::move(more);
  }
  return out;
}

RuleLibrary::RuleLibrary(RuleLibraryOptions options, RuleOverrides overrides, std::vector<AlertSuppression> suppressions)
    : options_(std::move(options)), supplied_(options_.supplied), overrides_(std::move(overrides)), suppressions_(std::move(suppressions)) {}

Result<std::unique_ptr<RuleLibrary>> RuleLibrary::open(RuleLibraryOptions options, RuleOverrides overrides,
                                                       std::vector<AlertSuppression> suppressions) {
  std::unique_ptr<RuleLibrary> library(new RuleLibrary(std::move(options), std::move(overrides), std::move(suppressions)));
  TRY(library->reload());
  return library;
}

std::shared_ptr<const RuleSnapshot> RuleLibrary::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

std::vector<std::filesystem::path> RuleLibrary::folders_of_rules() const {
  auto folders = options_.rule_folders;
  std::error_code error;
  if (!options_.pack_folder.empty() && std::filesystem::is_directory(options_.pack_folder, error)) folders.push_back(options_.pack_folder);
  return folders;
}

Result<RuleLibrary::Stamps> RuleLibrary::stamps() const {
  Stamps found;
  const auto rule_folders = folders_of_rules();
  for (const auto* folders : {&rule_folders, &options_.mapping_folders, &options_.pipeline_folders})
    for (const auto& folder : *folders) {
      std::error_code error;
      const auto add = [&](const std::filesystem::path& path) {
        std::error_code ignored;
        FileStamp stamp{std::filesystem::last_write_time(path, ignored), std::filesystem::file_size(path, ignored)};
        found.emplace(path, stamp);
      };
      if (std::filesystem::is_regular_file(folder, error)) {
        add(folder);
        continue;
      }
      auto entry = std::filesystem::recursive_directory_iterator(
          folder, std::filesystem::directory_options::skip_permission_denied, error);
      if (error)
        return fail(ErrorKind::not_found, "the rule folder {} cannot be read: {}", folder.string(), error.message());
      for (; entry != std::filesystem::recursive_directory_iterator(); entry.increment(error)) {
        if (error)
          return fail(ErrorKind::unavailable, "the rule folder {} cannot be read: {}", folder.string(),
                      error.message());
        std::error_code ignored;
        if (!entry->is_regular_file(ignored)) continue;
        const bool is_pack = folder == options_.pack_folder && entry.depth() == 0 && is_archive(entry->path());
        if (is_yaml(entry->path()) || is_pack) add(entry->path());
        if (found.size() > kMostFiles)
          return fail(ErrorKind::exhausted, "there are more than {} rule files", kMostFiles);
      }
    }
  return found;
}

Result<bool> RuleLibrary::reload_if_changed() {
  const std::lock_guard lock(loading_);
  const auto files = TRY(stamps());
  if (files == loaded_) return false;
  TRY(load(files));
  return true;
}

Result<> RuleLibrary::reload() {
  const std::lock_guard lock(loading_);
  return load(TRY(stamps()));
}

Result<> RuleLibrary::load(const Stamps& files) {
  sigma::Problems problems;
  sigma::RuleCollection rules;
  auto map = std::make_shared<sigma::LogSourceMap>();
  std::vector<std::shared_ptr<const sigma::Pipeline>> pipelines;
  sigma::LoadOptions load_options{.placeholders = options_.placeholders};
  std::map<std::filesystem::path, RulePack> packs;
  const auto load_archive = [&](const std::filesystem::path& path) -> Result<> {
    const auto bytes = TRY(read_file(path, kMostArchive));
    const auto inside = TRY(read_archive(bytes, is_rule_name, {.max_file = kMostBytes}));
    if (inside.empty()) return fail(ErrorKind::invalid_input, "there is no *.yml or *.yaml in it");
    for (const auto& file : inside)
      sigma::load_rules(file.content, fmt::format("{}/{}", path.string(), utf8::repaired(file.name)), load_options, rules, problems);
    return {};
  };
  // Pipelines first: rules are loaded with their placeholders.
  for (const bool first : {true, false})
    for (const auto& [path, stamp] : files) {
      const bool is_pipeline = is_below(options_.pipeline_folders, path);
      if (is_pipeline != first) continue;
      const std::size_t rules_before = rules.rules.size() + rules.correlations.size() + rules.filters.size();
      const std::size_t problems_before = problems.all().size();
      if (is_archive(path)) {
        if (const auto loaded = load_archive(path); !loaded) problems.error({path.string(), {}}, loaded.error().message());
      } else if (const auto text = read_file(path, kMostBytes); !text) {
        problems.error({path.string(), {}}, text.error().message());
      } else if (is_pipeline) {
        if (auto pipeline = sigma::Pipeline::load(*text, path.string(), problems)) {
          pipeline->prepare(load_options);
          pipelines.push_back(std::move(pipeline));
        }
      } else if (is_below(options_.mapping_folders, path)) {
        map->add(*text, path.string(), problems);
      } else {
        sigma::load_rules(*text, path.string(), load_options, rules, problems);
      }
      if (options_.pack_folder.empty() || !is_below(options_.pack_folder, path)) continue;
      const auto below = path.lexically_relative(options_.pack_folder);
      auto& pack = packs[*below.begin()];
      pack.name = below.begin()->string();
      pack.path = options_.pack_folder / *below.begin();
      pack.rules += rules.rules.size() + rules.correlations.size() + rules.filters.size() - rules_before;
      pack.problems += problems.all().size() - problems_before;
    }
  add_exclusions(rules, problems);
  apply_pipelines(std::move(pipelines), rules, problems);
  check_references(rules, problems);
  auto set = sigma::RuleSet::compile(std::move(rules), {.log_sources = map, .supplied_fields = supplied_.fields}, problems);
  loaded_ = files;
  auto declared = supplied_.sources;
  for (const auto& one : map->declared()) declared.push_back({one.product, one.category, one.service});
  never_.clear();
  for (const auto& rule : set->rules()) {
    never_.push_back(map->entries().empty() ? std::string() : sigma::unreachable_reason(rule, *map, declared));
    if (never_.back().empty()) continue;
    problems.warning(rule.place, "can never match: " + never_.back());
    problems.all().back().rule = rule.metadata.identity();
  }
  publish(std::move(set), std::move(problems.all()));
  const std::lock_guard lock(mutex_);
  packs_.clear();
  for (auto& [path, pack] : packs) packs_.push_back(std::move(pack));
  return {};
}

void RuleLibrary::add_exclusions(sigma::RuleCollection& rules, sigma::Problems& problems) const {
  std::set<std::string, std::less<>> ids;
  for (const auto& rule : rules.rules) ids.insert(rule.metadata.id);
  for (const auto& [id, word] : overrides_) {
    if (trim(word.exclude).empty() || !ids.contains(id)) continue;
    load_exclusion(id, word.exclude, fmt::format("exclusions of {}", id), rules, problems);
  }
}

std::vector<sigma::Problem> RuleLibrary::check_exclusion(std::string_view detection) {
  sigma::Problems problems;
  sigma::RuleCollection rules;
  load_exclusion("any", detection, "exclude", rules, problems);
  return std::move(problems.all());
}

std::vector<RulePack> RuleLibrary::packs() const {
  const std::lock_guard lock(mutex_);
  return packs_;
}

void RuleLibrary::publish(std::shared_ptr<const sigma::RuleSet> set, std::vector<sigma::Problem> problems) {
  auto snapshot = std::make_shared<RuleSnapshot>();
  snapshot->set = std::move(set);
  snapshot->problems = std::move(problems);
  snapshot->generation = ++generation_;
  snapshot->suppressions = suppressions_;
  std::set<std::string> ids;
  const auto running = [&](const sigma::Metadata& metadata, const sigma::Place& place, std::string kind) {
    RunningRule rule;
    rule.alert = alert_rule(metadata, std::move(kind));
    rule.file = place.to_text();
    auto& counters = counters_[rule.alert.id];
    if (!counters) counters = std::make_shared<RuleCounters>();
    rule.counters = counters;
    ids.insert(rule.alert.id);
    rule.enabled = metadata.status != sigma::Status::deprecated && metadata.status != sigma::Status::unsupported &&
                   (metadata.level == sigma::Level::none || metadata.level >= options_.least_level);
    if (const auto word = overrides_.find(rule.alert.id); word != overrides_.end()) {
      rule.enabled = word->second.enabled;
      rule.switched_off = !word->second.enabled;
      if (!word->second.severity.empty())
        rule.alert.severity = word->second.severity == "Critical" ? "High" : word->second.severity;
      if (!word->second.title.empty()) rule.alert.title = word->second.title;
      rule.throttle = word->second.throttle;
    }
    for (const auto& suppression : snapshot->suppressions)
      if (suppression.rule_id == "*" || suppression.rule_id == rule.alert.id) rule.suppressions.push_back(&suppression);
    return rule;
  };
  const auto& all = snapshot->set->rules();
  for (std::uint32_t i = 0; i < all.size(); ++i) {
    snapshot->rules.push_back(running(all[i].metadata, all[i].place, "Sigma"));
    snapshot->rules.back().standalone = snapshot->set->is_standalone(i);
    if (i < never_.size()) snapshot->rules.back().never = never_[i];
  }
  for (const auto& correlation : snapshot->set->correlations())
    snapshot->correlations.push_back(running(correlation.metadata, correlation.place, "SigmaCorrelation"));
  snapshot->plan = CorrelationPlan::make(*snapshot->set);
  for (std::uint32_t i = 0; supplied_.fields && i < all.size(); ++i)
    snapshot->rules[i].wants_supplied = std::ranges::any_of(
        snapshot->plan->fields_wanted(i), [&](const std::string& field) { return supplied_.fields->contains(field); });
  for (const auto* running : {&snapshot->rules, &snapshot->correlations})
    for (const auto& rule : *running) snapshot->by_id.emplace(rule.alert.id, &rule);
  std::erase_if(counters_, [&](const auto& entry) { return !ids.contains(entry.first); });
  const std::lock_guard lock(mutex_);
  current_ = std::move(snapshot);
}

void RuleLibrary::set_supplied(Supplied supplied) {
  const std::lock_guard lock(loading_);
  supplied_ = std::move(supplied);
}

Result<> RuleLibrary::set_overrides(RuleOverrides overrides) {
  const std::lock_guard lock(loading_);
  const auto exclusions = [](const RuleOverrides& words) {
    std::map<std::string_view, std::string_view> out;
    for (const auto& [id, word] : words)
      if (!word.exclude.empty()) out.emplace(id, word.exclude);
    return out;
  };
  const bool same = exclusions(overrides) == exclusions(overrides_);
  overrides_ = std::move(overrides);
  if (!same) return load(TRY(stamps()));
  const auto now = current();
  publish(now->set, now->problems);
  return {};
}

Result<> RuleLibrary::set_suppressions(std::vector<AlertSuppression> suppressions) {
  const std::lock_guard lock(loading_);
  suppressions_ = std::move(suppressions);
  const auto now = current();
  publish(now->set, now->problems);
  return {};
}

}  // namespace yagura::detect
