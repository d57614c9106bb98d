#include "formats/windows_data_names.hpp"

#include <algorithm>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/embed.hpp"
#include "base/text.hpp"

YAGURA_EMBED(windows_data_names_text, YAGURA_WINDOWS_DATA "/windows_data_names.txt")

namespace yagura::formats {

namespace {

struct Table {
  std::deque<std::vector<WindowsDataName>> names;
  // Of a provider, ascending by event id.
  std::unordered_map<std::string, std::vector<WindowsDataLayout>> providers;

  Table() {
    std::vector<WindowsDataLayout>* current = nullptr;
    std::string_view last;
    for (const auto line : split(windows_data_names_text(), '\n')) {
      if (line.empty() || line.front() == '#') continue;
      if (line.starts_with("= ")) {
        current = &providers[to_lower_ascii(line.substr(2))];
        continue;
      }
      const auto blank = line.find(' '), colon = line.find(": ");
      if (current == nullptr || blank == std::string_view::npos || colon == std::string_view::npos) continue;
      WindowsDataLayout layout;
      layout.event_id = static_cast<std::uint32_t>(parse_uint64(line.substr(0, blank)).value_or(0));
      layout.version = static_cast<std::uint32_t>(parse_uint64(line.substr(blank + 1, colon - blank - 1)).value_or(0));
      std::string_view text = line.substr(colon + 2);
      if (text == "...") text = last;
      last = text;
      auto& list = names.emplace_back();
      for (auto name : split(text, ',')) {
        if (name.starts_with('+')) {
          layout.user_element = name.substr(1);
          continue;
        }
        char type = ' ';
        if (!name.empty() && std::string_view("#?~@").find(name.back()) != std::string_view::npos) {
          type = name.back();
          name.remove_suffix(1);
        }
        list.push_back({name, type});
      }
      layout.names = list;
      current->push_back(layout);
    }
    for (auto& [name, layouts] : providers) std::ranges::stable_sort(layouts, {}, &WindowsDataLayout::event_id);
  }
};

bool fits(std::string_view value, char type) {
  switch (type) {
    case '#': return parse_int64(value) || parse_uint64(value);
    case '?': return value == "true" || value == "false";
    case '~': return parse_double(value).has_value();
    case '@': return (value.size() == 38 && value.front() == '{' && value.back() == '}') || value.size() == 36;
    default: return true;
  }
}

bool fits(const WindowsDataLayout& layout, std::span<const std::string_view> values) {
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!fits(values[i], layout.names[i].type)) return false;
  return true;
}

}  // namespace

std::span<const WindowsDataLayout> windows_data_layouts(std::string_view provider, std::int64_t event_id) {
  static const Table table;
  const auto found = table.providers.find(to_lower_ascii(provider));
  if (found == table.providers.end() || event_id < 0 || event_id > 0xFFFF'FFFF) return {};
  const auto id = static_cast<std::uint32_t>(event_id);
  const auto range = std::ranges::equal_range(found->second, id, {}, &WindowsDataLayout::event_id);
  return {range.begin(), range.end()};
}

const WindowsDataLayout* windows_data_layout(std::string_view provider, std::int64_t event_id, std::int64_t version,
                                             bool user_data, std::span<const std::string_view> values) {
  if (values.empty()) return nullptr;
  const auto layouts = windows_data_layouts(provider, event_id);
  for (const std::size_t missing : {0, 1, 2})
    for (const bool same_version : {true, false})
      for (const auto& layout : layouts)
        if (layout.user_element.empty() != user_data && (layout.version == version) == same_version &&
            layout.names.size() == values.size() + missing && fits(layout, values))
          return &layout;
  return nullptr;
}

}  // namespace yagura::formats
