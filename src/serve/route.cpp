#include "serve/route.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"

namespace yagura::serve {

std::string_view Exchange::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters)
    if (key == name) return value;
  return {};
}

namespace {

// Walks both segment by segment; {name} takes one whole, non-empty segment.
bool matches(std::string_view pattern, std::string_view path,
             std::vector<std::pair<std::string_view, std::string>>& parameters) {
  parameters.clear();
  const auto next_segment = [](std::string_view& rest) {
    const auto slash = rest.find('/', 1);
    const std::string_view segment = rest.substr(1, slash == std::string_view::npos ? slash : slash - 1);
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash);
    return segment;
  };
  while (!pattern.empty() && !path.empty()) {
    if (path.front() != '/') return false;
    const std::string_view wanted = next_segment(pattern);
    const std::string_view given = next_segment(path);
    if (wanted.starts_with('{')) {
      if (given.empty()) return false;
      parameters.emplace_back(wanted.substr(1, wanted.size() - 2), percent_decode(given));
    } else if (wanted != given && wanted != percent_decode(given)) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

}  // namespace

Router::Match Router::find(std::string_view method, std::string_view raw_path) const {
  Match match;
  std::vector<std::pair<std::string_view, std::string>> parameters;
  for (const Route& route : routes_) {
    if (!matches(route.pattern, raw_path, parameters)) continue;
    if (route.method == method || (route.method == "GET" && method == "HEAD")) {
      match.route = &route;
      match.parameters = std::move(parameters);
      return match;
    }
    if (!match.allowed.empty()) match.allowed += ", ";
    match.allowed += route.method;
  }
  return match;
}

}  // namespace yagura::serve
