// Kernels of property bags.
// https://learn.microsoft.com/kusto/query/scalar-functions#dynamicarray-functions
#include <algorithm>

#include "base/text.hpp"
#include "kql/function.hpp"
#include "kql/kernels/conversion.hpp"
#include "kql/kernels/json.hpp"

namespace yagura::kql {
namespace {

// Members in order; a later one of the same key does not count.
struct Bag {
  std::vector<std::pair<std::string, std::string_view>> members;  // key without quotes

  bool has(std::string_view key) const {
    return std::ranges::any_of(members, [&](const auto& member) { return member.first == key; });
  }
  void add(std::string key, std::string_view value) {
    if (!has(key)) members.emplace_back(std::move(key), value);
  }
  void set(std::string_view key, std::string_view value) {  // the last one counts
    std::erase_if(members, [&](const auto& member) { return member.first == key; });
    members.emplace_back(key, value);
  }
  void add_all(std::string_view object) {
    if (!json::is_object(object)) return;
    json::for_each_member(object, [&](std::string_view key, std::string_view value) {
      std::string name;
      json::append_decoded(name, key);
      add(std::move(name), value);
    });
  }
  Json to_json(Arena& arena) const {
    std::string out = "{";
    for (const auto& [key, value] : members) {
      if (out.size() > 1) out += ',';
      json::append_quoted(out, key);
      out += ':';
      out += value;
    }
    return {arena.copy(out + '}')};
  }
};

void bag_pack(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    Bag bag;
    for (std::size_t i = 0; i + 1 < call.size(); i += 2) {
      bag.set(text_of(call[i], row, call.arena), json_of(call[i + 1], row, call.arena));
    }
    call.put(bag.to_json(call.arena));
  }
}

void bag_merge(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    Bag bag;
    bool any = false;
    for (std::size_t i = 0; i < call.size(); ++i) {
      if (call[i].is_null(row) || !json::is_object(call[i].text(row))) continue;
      any = true;
      bag.add_all(call[i].text(row));
    }
    if (any) {
      call.put(bag.to_json(call.arena));
    } else {
      call.put_null();
    }
  }
}

std::optional<Json> bag_keys(Arena& arena, Json bag) {
  if (!json::is_object(bag.text)) return std::nullopt;
  std::string out = "[";
  json::for_each_member(bag.text, [&](std::string_view key, std::string_view) {
    if (out.size() > 1) out += ',';
    out += key;
  });
  return Json{arena.copy(out + ']')};
}

// The value at "$.a.b[0]" or at a plain key; empty when there is none.
std::string_view value_at(std::string_view value, std::string_view path) {
  if (!path.starts_with('$')) return json::member(value, path);
  path.remove_prefix(1);
  while (!path.empty() && !value.empty()) {
    if (path.starts_with('.')) {
      path.remove_prefix(1);
      const auto end = std::min(path.find_first_of(".["), path.size());
      value = json::member(value, path.substr(0, end));
      path.remove_prefix(end);
    } else if (path.starts_with('[')) {
      const auto end = path.find(']');
      if (end == path.npos) return {};
      auto key = path.substr(1, end - 1);
      path.remove_prefix(end + 1);
      if (key.size() >= 2 && (key.front() == '\'' || key.front() == '"')) {
        value = json::member(value, key.substr(1, key.size() - 2));
      } else {
        const auto index = long_from_text(key);
        if (!index) return {};
        value = json::element(value, *index);
      }
    } else {
      return {};
    }
  }
  return value;
}

std::optional<Json> bag_remove(Arena& arena, Json bag, Json keys) {
  if (!json::is_object(bag.text)) return std::nullopt;
  std::vector<std::string_view> names;
  if (json::is_array(keys.text))
    json::for_each_element(keys.text, [&](auto item) { names.push_back(text_of_json(item, arena)); });
  // A path takes one member out of an inner bag.
  const auto without = [&](auto self, std::string_view object, const std::vector<std::string_view>& gone,
                           int depth) -> std::string {
    std::string out = "{";
    json::for_each_member(object, [&](std::string_view key, std::string_view value) {
      std::string name;
      json::append_decoded(name, key);
      std::vector<std::string_view> inner;
      for (const auto path : gone) {
        if (path == name) return;
        if (path.starts_with("$.") && path.substr(2) == name) return;
        if (path.starts_with("$.") && path.substr(2).starts_with(name + ".")) {
          inner.push_back(arena.copy("$" + std::string(path.substr(2 + name.size()))));
        }
      }
      if (out.size() > 1) out += ',';
      out += key;
      out += ':';
      out += inner.empty() || !json::is_object(value) || depth > 20 ? std::string(value)
                                                                    : self(self, value, inner, depth + 1);
    });
    return out + '}';
  };
  return Json{arena.copy(without(without, bag.text, names, 0))};
}

Json with_member(Arena& arena, std::string_view object, std::string_view key, std::string_view value) {
  Bag old;
  old.add_all(object);
  Bag bag;
  for (auto& [name, was] : old.members) bag.add(name, name == key ? value : was);
  bag.add(std::string(key), value);
  return bag.to_json(arena);
}

// A key $.a.b is a path; bags that are missing on it, or are none, are made.
void bag_set(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call[0].is_null(row) || !json::is_object(call[0].text(row))) {
      call.put_null();
      continue;
    }
    const auto key = text_of(call[1], row, call.arena);
    Json value{json_of(call[2], row, call.arena)};
    if (!key.starts_with("$.")) {
      call.put(with_member(call.arena, call[0].text(row), key, value.text));
      continue;
    }
    const auto parts = split(key.substr(2), '.');
    if (parts.size() > 100) {
      call.put_null();
      continue;
    }
    std::vector<std::string_view> owners{call[0].text(row)};
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto inner = json::member(owners.back(), parts[i]);
      owners.push_back(json::is_object(inner) ? inner : std::string_view("{}"));
    }
    for (std::size_t i = parts.size(); i-- > 0;) value = with_member(call.arena, owners[i], parts[i], value.text);
    call.put(value);
  }
}

std::optional<Json> bag_zip(Arena& arena, Json keys, Json values) {
  if (!json::is_array(keys.text)) return std::nullopt;
  std::vector<std::string_view> list;
  if (json::is_array(values.text)) json::for_each_element(values.text, [&](auto item) { list.push_back(item); });
  Bag bag;
  std::size_t at = 0;
  json::for_each_element(keys.text, [&](std::string_view key) {
    const auto value = at < list.size() ? list[at] : std::string_view("null");
    ++at;
    if (json::is_string(key)) bag.add(std::string(text_of_json(key, arena)), value);
  });
  return bag.to_json(arena);
}

// The tree of keys as paths, each before those below it. The elements of an array are one place, [0], as far as paths go.
std::optional<Json> tree_paths(Arena& arena, Json bag) {
  if (json::is_null(bag.text)) return std::nullopt;
  constexpr std::size_t kMost = 100'000;
  std::string out = "[";
  struct Place {
    std::string path;
    std::vector<std::string_view> values;
  };
  std::vector<Place> open;  // the last one is next
  open.push_back({"", {bag.text}});
  for (std::size_t made = 0; !open.empty() && made < kMost; ++made) {
    const Place place = std::move(open.back());
    open.pop_back();
    if (!place.path.empty()) {
      if (out.size() > 1) out += ',';
      json::append_quoted(out, place.path);
    }
    std::vector<Place> below;
    std::vector<std::string_view> elements;
    for (const auto value : place.values) {
      if (json::is_array(value)) {
        json::for_each_element(value, [&](std::string_view element) { elements.push_back(element); });
      } else if (json::is_object(value)) {
        json::for_each_member(value, [&](std::string_view key, std::string_view member) {
          std::string path = place.path + "['" + std::string(key.substr(1, key.size() - 2)) + "']";
          const auto known = place.values.size() == 1 ? below.end() : std::ranges::find(below, path, &Place::path);
          if (known != below.end()) known->values.push_back(member);
          else if (below.size() < kMost) below.push_back({std::move(path), {member}});
        });
      }
    }
    if (!elements.empty()) below.push_back({place.path + "[0]", std::move(elements)});
    if (below.size() + open.size() > kMost) break;
    for (auto child = below.rbegin(); child != below.rend(); ++child) open.push_back(std::move(*child));
  }
  return Json{arena.copy(out + ']')};
}

// A bag of what is neither null nor an empty text.
void pack_filled(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    Bag bag;
    for (std::size_t i = 0; i + 1 < call.size(); i += 2) {
      const Operand& value = call[i + 1];
      const bool empty = value.type() == Type::string ? value.text(row).empty() : value.is_null(row);
      if (!empty) bag.add(std::string(text_of(call[i], row, call.arena)), json_of(value, row, call.arena));
    }
    call.put(bag.to_json(call.arena));
  }
}

// About how many bytes the values take.
void estimate_size(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    std::int64_t size = 0;
    for (std::size_t i = 0; i < call.size(); ++i) {
      switch (call[i].type()) {
        case Type::string:
        case Type::dynamic: size += call[i].is_null(row) ? 0 : static_cast<std::int64_t>(call[i].text(row).size()); break;
        case Type::boolean: size += 1; break;
        case Type::int32: size += 4; break;
        case Type::guid:
        case Type::decimal: size += 16; break;
        default: size += 8;
      }
    }
    call.put(size);
  }
}

constexpr Kernel kKernels[] = {
    {"estimate_data_size", estimate_size},
    {"bag_pack", bag_pack},
    {".pack_ignoring_empty", pack_filled},
    {"bag_merge", bag_merge},
    {"bag_keys", kernel_rows<[](Arena& arena, Json bag) { return bag_keys(arena, bag); }>},
    {"bag_has_key", kernel_rows<[](Json bag, std::string_view key) {
       return json::is_object(bag.text) ? std::optional(!value_at(bag.text, key).empty()) : std::nullopt;
     }>},
    {"bag_remove_keys", kernel_rows<[](Arena& arena, Json bag, Json keys) { return bag_remove(arena, bag, keys); }>},
    {"bag_set_key", bag_set},
    {"bag_zip", kernel_rows<[](Arena& arena, Json keys, Json values) { return bag_zip(arena, keys, values); }>},
    {"treepath", kernel_rows<[](Arena& arena, Json bag) { return tree_paths(arena, bag); }>},
    {"extract_json",
     [](KernelCall& call) {
       for (std::size_t row = 0; row < call.rows; ++row) {
         std::string_view found;
         auto text = text_of(call[1], row, call.arena);
         if (const auto parsed = json::compact(text, call.arena))
           found = value_at(*parsed, text_of(call[0], row, call.arena));
         append_from_json(call.result, found, call.arena);
       }
     }},
};

}  // namespace

std::span<const Kernel> bag_kernels() { return kKernels; }

}  // namespace yagura::kql
