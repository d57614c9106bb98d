#include "roles/configuration.hpp"

#include <algorithm>
#include <array>

#include "roles/server_role.hpp"

namespace yagura::roles {

namespace {

// What a reload takes up by itself. All else is wired into running parts: listeners, sizes, folders.
constexpr std::array<std::string_view, 7> kReloadable{"routes",          "json_table", "timezone",        "log.level",
                                                      "journal.max_age", "log.format", "journal.max_size"};

void flatten(const SettingsNode& node, const std::string& name, std::map<std::string, std::string>& out) {
  if (!node.exists()) return;
  if (node.is_map()) {
    for (const auto& [key, child] : node.entries()) flatten(child, name.empty() ? key : name + "." + key, out);
  } else if (node.is_list()) {
    std::size_t number = 0;
    for (const auto& item : node.items()) flatten(item, fmt::format("{}[{}]", name, number++), out);
    out.emplace(name + "[]", std::to_string(number));
  } else {
    out.emplace(name, node.text());
  }
}

// "sources[2].listen" -> "sources": a list is looked at as a whole.
std::string setting_of(std::string_view leaf) { return std::string(leaf.substr(0, leaf.find('['))); }

}  // namespace

Configuration read_configuration(const ConfigurationSource& source) {
  auto errors = std::make_shared<SettingsErrors>();
  auto file =
      source.file.empty() ? SettingsNode::parse("", "defaults", *errors) : SettingsNode::load(source.file, *errors);
  Configuration out{errors, file, read_server_settings(file), {}};
  if (!source.data.empty()) out.settings.data = source.data;
  out.settings.follow_local_logs |= source.follow_local_logs;
  ServerRole::check(out.settings, file);
  file.report_unknown_keys();
  if (out.good()) flatten(file, "", out.values);
  return out;
}

ConfigurationChange changes(const std::map<std::string, std::string>& now,
                            const std::map<std::string, std::string>& next) {
  std::vector<std::string> different;
  const auto compare = [&](const auto& one, const auto& other) {
    for (const auto& [name, value] : one) {
      const auto found = other.find(name);
      if (found == other.end() || found->second != value) different.push_back(setting_of(name));
    }
  };
  compare(now, next);
  compare(next, now);
  std::ranges::sort(different);
  const auto repeated = std::ranges::unique(different);
  different.erase(repeated.begin(), repeated.end());
  ConfigurationChange out;
  for (auto& name : different)
    (std::ranges::find(kReloadable, name) != kReloadable.end() ? out.taken : out.waiting).push_back(std::move(name));
  return out;
}

void take(std::map<std::string, std::string>& now, const std::map<std::string, std::string>& next,
          std::string_view name) {
  std::erase_if(now, [&](const auto& leaf) { return setting_of(leaf.first) == name; });
  for (const auto& [leaf, value] : next)
    if (setting_of(leaf) == name) now.emplace(leaf, value);
}

Result<> check_columns_kept(const event::SchemaSet& now, const event::SchemaSet& next) {
  std::string changed;
  for (const auto* table : now.all()) {
    const auto* other = next.find(table->name);
    if (other == nullptr) continue;
    for (const auto& column : table->columns)
      for (const auto& found : other->columns)
        if (found.name == column.name && found.type != column.type)
          changed += fmt::format("{}{}.{} is {}, the file now says {}", changed.empty() ? "" : "; ", table->name,
                                 column.name, event::to_string(column.type), event::to_string(found.type));
  }
  if (changed.empty()) return {};
  return fail(ErrorKind::conflict, "the type of a stored column cannot change: {}; give the column another name",
              changed);
}

}  // namespace yagura::roles
