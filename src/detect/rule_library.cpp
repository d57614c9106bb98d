#include "detect/rule_library.hpp"

#include <set>

#include "base/file.hpp"
#include "sigma/pipeline.hpp"

namespace yagura::detect {

namespace {

constexpr std::size_t kMostFiles = 100'000;
constexpr Bytes kMostBytes = 4_MiB;  // of one rule file

bool is_yaml(const std::filesystem::path& path) {
  const auto extension = path.extension();
  return extension == ".yml" || extension == ".yaml";
}

}  // namespace

RuleLibrary::RuleLibrary(RuleLibraryOptions options, RuleOverrides overrides)
    : options_(std::move(options)), overrides_(std::move(overrides)) {}

Result<std::unique_ptr<RuleLibrary>> RuleLibrary::open(RuleLibraryOptions options, RuleOverrides overrides) {
  std::unique_ptr<RuleLibrary> library(new RuleLibrary(std::move(options), std::move(overrides)));
  TRY(library->reload());
  return library;
}

std::shared_ptr<const RuleSnapshot> RuleLibrary::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

Result<RuleLibrary::Stamps> RuleLibrary::stamps() const {
  Stamps found;
  for (const auto* folders : {&options_.rule_folders, &options_.mapping_folders, &options_.pipeline_folders})
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
        if (entry->is_regular_file(ignored) && is_yaml(entry->path())) add(entry->path());
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
  const auto is_below = [](const std::vector<std::filesystem::path>& folders, const std::filesystem::path& path) {
    return std::ranges::any_of(folders, [&](const std::filesystem::path& folder) {
      const auto [end, ignored] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
      return end == folder.end();
    });
  };
  sigma::Problems problems;
  sigma::RuleCollection rules;
  auto map = std::make_shared<sigma::LogSourceMap>();
  std::vector<std::shared_ptr<const sigma::Pipeline>> pipelines;
  sigma::LoadOptions load_options{.placeholders = options_.placeholders};
  // Pipelines first: rules are loaded with their placeholders.
  for (const bool first : {true, false})
    for (const auto& [path, stamp] : files) {
      const bool is_pipeline = is_below(options_.pipeline_folders, path);
      if (is_pipeline != first) continue;
      const auto text = read_file(path, kMostBytes);
      if (!text) {
        problems.error({path.string(), {}}, text.error().message());
      } else if (is_pipeline) {
        if (auto pipeline = sigma::Pipeline::load(*text, path.string(), problems)) {
          pipeline->add_placeholders(load_options);
          pipelines.push_back(std::move(pipeline));
        }
      } else if (is_below(options_.mapping_folders, path)) {
        map->add(*text, path.string(), problems);
      } else {
        sigma::load_rules(*text, path.string(), load_options, rules, problems);
      }
    }
  apply_pipelines(std::move(pipelines), rules, problems);
  check_references(rules, problems);
  auto set = sigma::RuleSet::compile(std::move(rules), {.log_sources = std::move(map)}, problems);
  loaded_ = files;
  publish(std::move(set), std::move(problems.all()));
  return {};
}

void RuleLibrary::publish(std::shared_ptr<const sigma::RuleSet> set, std::vector<sigma::Problem> problems) {
  auto snapshot = std::make_shared<RuleSnapshot>();
  snapshot->set = std::move(set);
  snapshot->problems = std::move(problems);
  snapshot->generation = ++generation_;
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
      if (!word->second.severity.empty())
        rule.alert.severity = word->second.severity == "Critical" ? "High" : word->second.severity;
    }
    return rule;
  };
  const auto& all = snapshot->set->rules();
  for (std::uint32_t i = 0; i < all.size(); ++i) {
    snapshot->rules.push_back(running(all[i].metadata, all[i].place, "Sigma"));
    snapshot->rules.back().standalone = snapshot->set->is_standalone(i);
  }
  for (const auto& correlation : snapshot->set->correlations())
    snapshot->correlations.push_back(running(correlation.metadata, correlation.place, "SigmaCorrelation"));
  snapshot->plan = CorrelationPlan::make(*snapshot->set);
  std::erase_if(counters_, [&](const auto& entry) { return !ids.contains(entry.first); });
  const std::lock_guard lock(mutex_);
  current_ = std::move(snapshot);
}

void RuleLibrary::set_overrides(RuleOverrides overrides) {
  const std::lock_guard lock(loading_);
  overrides_ = std::move(overrides);
  const auto now = current();
  publish(now->set, now->problems);
}

}  // namespace yagura::detect
