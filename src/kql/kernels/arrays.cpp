// Kernels of dynamic arrays and sets.
// https://learn.microsoft.com/kusto/query/scalar-functions#dynamicarray-functions
#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "kql/function.hpp"
#include "kql/kernels/conversion.hpp"
#include "kql/kernels/json.hpp"
#include "kql/literal_text.hpp"

namespace yagura::kql {
namespace {

using Items = std::vector<std::string_view>;

Items items_of(std::string_view array) {
  Items items;
  if (json::is_array(array)) json::for_each_element(array, [&](std::string_view item) { items.push_back(item); });
  return items;
}
Json array_of(Arena& arena, const Items& items) {
  std::string out = "[";
  for (const auto item : items) {
    if (out.size() > 1) out += ',';
    out += item;
  }
  return {arena.copy(out + ']')};
}

std::optional<std::int64_t> length(Json array) {
  return json::is_array(array.text) ? std::optional(static_cast<std::int64_t>(json::array_size(array.text)))
                                    : std::nullopt;
}

// Values into one array; a null argument counts where `with_nulls`.
void pack_array(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    std::string out = "[";
    for (std::size_t i = 0; i < call.size(); ++i) {
      if (i > 0) out += ',';
      append_json_of(out, call[i], row);
    }
    call.put(Json{call.arena.copy(out + ']')});
  }
}

void concat(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    Items all;
    bool any = false;
    for (std::size_t i = 0; i < call.size(); ++i) {
      if (call[i].is_null(row) || !json::is_array(call[i].text(row))) continue;
      any = true;
      const auto more = items_of(call[i].text(row));
      all.insert(all.end(), more.begin(), more.end());
    }
    if (any) {
      call.put(array_of(call.arena, all));
    } else {
      call.put_null();
    }
  }
}

std::optional<Json> slice(Arena& arena, Json array, std::int64_t from, std::int64_t to) {
  if (!json::is_array(array.text)) return std::nullopt;
  const auto items = items_of(array.text);
  const auto size = static_cast<std::int64_t>(items.size());
  if (from < 0) from = std::max<std::int64_t>(0, size + from);
  if (to < 0) to += size;
  Items out;
  for (auto i = from; i <= to && i < size; ++i) out.push_back(items[static_cast<std::size_t>(i)]);
  return array_of(arena, out);
}

std::optional<Json> rotate(Arena& arena, Json array, std::int64_t left) {
  if (!json::is_array(array.text)) return std::nullopt;
  auto items = items_of(array.text);
  if (!items.empty()) {
    const auto size = static_cast<std::int64_t>(items.size());
    std::ranges::rotate(items, items.begin() + ((left % size) + size) % size);
  }
  return array_of(arena, items);
}

void shift(KernelCall& call, bool left) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call[0].is_null(row) || call[1].is_null(row) || !json::is_array(call[0].text(row))) {
      call.put_null();
      continue;
    }
    const auto items = items_of(call[0].text(row));
    const auto size = static_cast<std::int64_t>(items.size());
    const auto by = std::clamp<std::int64_t>(left ? call[1].integer(row) : -call[1].integer(row), -size, size);
    std::string fill = "null";
    if (call.size() > 2) {
      fill.clear();
      append_json_of(fill, call[2], row);
    }
    Items out;
    for (std::int64_t i = 0; i < size; ++i) {
      const auto from = i + by;
      out.push_back(from >= 0 && from < size ? items[static_cast<std::size_t>(from)] : std::string_view(fill));
    }
    call.put(array_of(call.arena, out));
  }
}

std::optional<Json> reverse(Arena& arena, Json array) {
  if (!json::is_array(array.text)) return std::nullopt;
  auto items = items_of(array.text);
  std::ranges::reverse(items);
  return array_of(arena, items);
}

std::optional<double> sum(Json array) {
  if (!json::is_array(array.text)) return std::nullopt;
  double total = 0;
  bool all = true;
  json::for_each_element(array.text, [&](std::string_view item) {
    const auto value = json::is_string(item) ? std::nullopt : real_from_text(item);
    if (value) {
      total += *value;
    } else {
      all = false;
    }
  });
  return all ? std::optional(total) : std::nullopt;
}

// array_index_of(array, value, start, length, occurrence)
void index_of(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call[0].is_null(row) || !json::is_array(call[0].text(row))) {
      call.put_null();
      continue;
    }
    const auto items = items_of(call[0].text(row));
    const auto wanted = json_of(call[1], row, call.arena);
    const auto number = [&](std::size_t i, std::int64_t otherwise) {
      return i < call.size() && !call[i].is_null(row) ? call[i].integer(row) : otherwise;
    };
    const auto size = static_cast<std::int64_t>(items.size());
    auto start = number(2, 0);
    if (start < 0) start = std::max<std::int64_t>(0, size + start);
    const auto count = number(3, -1);
    auto occurrence = number(4, 1);
    if (count < -1 || occurrence < 0) {
      call.put_null();
      continue;
    }
    const auto end = count < 0 ? size : std::min(size, start + count);
    std::int64_t found = -1;
    for (auto i = start; i < end && found < 0; ++i) {
      const auto item = items[static_cast<std::size_t>(i)];
      bool same = item == wanted;
      if (!same && !json::is_string(item) && !json::is_string(wanted)) {
        const auto a = real_from_text(item), b = real_from_text(wanted);
        same = a && b && *a == *b;
      }
      if (same && --occurrence == 0) found = i;
    }
    call.put(found);
  }
}

// At indices (one or an array of them) the array is cut.
void split(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call[0].is_null(row) || call[1].is_null(row) || !json::is_array(call[0].text(row))) {
      call.put_null();
      continue;
    }
    const auto items = items_of(call[0].text(row));
    const auto size = static_cast<std::int64_t>(items.size());
    std::vector<std::int64_t> cuts;
    const auto cut = [&](std::int64_t at) {
      cuts.push_back(std::clamp<std::int64_t>(at < 0 ? size + at : at, 0, size));
    };
    if (call[1].type() == Type::dynamic) {
      if (json::is_array(call[1].text(row))) {
        json::for_each_element(call[1].text(row),
                               [&](std::string_view item) {
                                 if (const auto at = parse_long_text(item)) cut(*at);
                               });
      } else if (const auto at = parse_long_text(call[1].text(row))) {
        cut(*at);
      }
    } else {
      cut(call[1].integer(row));
    }
    std::string out = "[";
    std::int64_t from = 0;
    cuts.push_back(size);
    for (const auto to : cuts) {
      if (out.size() > 1) out += ',';
      out += array_of(call.arena, Items(items.begin() + from, items.begin() + std::max(from, to))).text;
      from = to;
    }
    call.put(Json{call.arena.copy(out + ']')});
  }
}

// Elements of the second array where the first's is true, else of the third; scalars stand for every place.
void choose(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call[0].is_null(row) || !json::is_array(call[0].text(row))) {
      call.put_null();
      continue;
    }
    const auto conditions = items_of(call[0].text(row));
    std::array<Items, 2> sides;
    std::array<std::string_view, 2> scalars;
    for (std::size_t i = 0; i < 2; ++i) {
      scalars[i] = json_of(call[i + 1], row, call.arena);
      if (json::is_array(scalars[i])) sides[i] = items_of(scalars[i]);
    }
    Items out;
    for (std::size_t k = 0; k < conditions.size(); ++k) {
      const auto condition = json::is_string(conditions[k]) ? std::nullopt : bool_from_text(conditions[k]);
      if (!condition) {
        out.push_back("null");
        continue;
      }
      const std::size_t side = *condition ? 0 : 1;
      if (json::is_array(scalars[side])) {
        const auto at = sides[side].size() == 1 ? 0 : k;  // one element stands for every place
        out.push_back(at < sides[side].size() ? sides[side][at] : "null");
      } else {
        out.push_back(scalars[side]);
      }
    }
    call.put(array_of(call.arena, out));
  }
}

void repeat(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto times = call[1].is_null(row) ? -1 : call[1].integer(row);
    if (times < 0) {
      call.put_null();
      continue;
    }
    const auto item = json_of(call[0], row, call.arena);
    call.put(array_of(call.arena, Items(static_cast<std::size_t>(std::min<std::int64_t>(times, 1'048'576)), item)));
  }
}

void zip(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    std::vector<Items> lists;
    std::size_t longest = 0;
    for (std::size_t i = 0; i < call.size(); ++i) {
      const auto text = call[i].is_null(row) ? std::string_view() : call[i].text(row);
      lists.push_back(json::is_array(text) ? items_of(text) : json::is_null(text) ? Items{} : Items{text});
      longest = std::max(longest, lists.back().size());
    }
    std::string out = "[";
    for (std::size_t k = 0; k < longest; ++k) {
      if (k > 0) out += ',';
      Items one;
      for (const auto& list : lists) one.push_back(k < list.size() ? list[k] : "null");
      out += array_of(call.arena, one).text;
    }
    call.put(Json{call.arena.copy(out + ']')});
  }
}

// --- sets: first occurrences in order

void add_once(Items& out, std::unordered_set<std::string_view>& seen, std::string_view item) {
  if (seen.insert(item).second) out.push_back(item);
}
void set_union(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call.any_null(row)) {
      call.put_null();
      continue;
    }
    Items out;
    std::unordered_set<std::string_view> seen;
    for (std::size_t i = 0; i < call.size(); ++i) {
      for (const auto item : items_of(call[i].text(row))) add_once(out, seen, item);
    }
    call.put(array_of(call.arena, out));
  }
}
template <bool keep_common>
void set_filter(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call.any_null(row)) {
      call.put_null();
      continue;
    }
    Items out;
    std::unordered_set<std::string_view> seen;
    std::vector<std::unordered_set<std::string_view>> others;
    for (std::size_t i = 1; i < call.size(); ++i) {
      const auto items = items_of(call[i].text(row));
      others.emplace_back(items.begin(), items.end());
    }
    for (const auto item : items_of(call[0].text(row))) {
      const auto in = [&](const auto& other) { return other.contains(item); };
      const bool keep = keep_common ? std::ranges::all_of(others, in) : std::ranges::none_of(others, in);
      if (keep) add_once(out, seen, item);
    }
    call.put(array_of(call.arena, out));
  }
}
bool set_equals(Json a, Json b) {
  const auto x = items_of(a.text), y = items_of(b.text);
  return std::unordered_set(x.begin(), x.end()) == std::unordered_set(y.begin(), y.end());
}
void set_has(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call[0].is_null(row)) {
      call.put_null();
      continue;
    }
    const auto items = items_of(call[0].text(row));
    call.put(std::ranges::find(items, json_of(call[1], row, call.arena)) != items.end());
  }
}
std::optional<double> jaccard(Json a, Json b) {
  if (!json::is_array(a.text) || !json::is_array(b.text)) return std::nullopt;
  const auto x = items_of(a.text), y = items_of(b.text);
  const std::unordered_set p(x.begin(), x.end()), q(y.begin(), y.end());
  const auto common = std::ranges::count_if(p, [&](std::string_view item) { return q.contains(item); });
  const auto all = p.size() + q.size() - static_cast<std::size_t>(common);
  return all == 0 ? std::optional(0.0) : std::optional(static_cast<double>(common) / static_cast<double>(all));
}

// --- range(start, stop, step) as a value

void range(KernelCall& call) {
  constexpr std::size_t kMost = 1'048'576;
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call.any_null(row)) {
      call.put_null();
      continue;
    }
    const Type type = call[0].type();
    std::string out = "[";
    const auto add = [&](const event::Column& one) {
      if (out.size() > 1) out += ',';
      append_json_of(out, Operand(one, true), 0);
    };
    std::size_t made = 0;
    bool reals = false;
    for (std::size_t i = 0; i < call.size(); ++i) reals = reals || call[i].type() == Type::real || call[i].type() == Type::decimal;
    if (reals) {
      const double from = call[0].real(row), to = call[1].real(row), by = call.size() > 2 ? call[2].real(row) : 1;
      const bool endless = !std::isfinite(from) || !std::isfinite(by);
      for (double value = from; !endless && by != 0 && made < kMost && (by > 0 ? value <= to : value >= to);
           value = from + by * static_cast<double>(made)) {
        event::Column one(Type::real);
        one.append_real(value);
        add(one);
        ++made;
      }
    } else {
      const bool time = type == Type::datetime || type == Type::timespan;
      const auto from = call[0].integer(row), to = call[1].integer(row);
      const auto by = call.size() > 2 ? call[2].integer(row) : time ? 36'000'000'000 : 1;
      for (__int128 value = from; by != 0 && made < kMost && (by > 0 ? value <= to : value >= to); value += by) {
        event::Column one(type == Type::int32 ? Type::int64 : type);
        one.append_int64(static_cast<std::int64_t>(value));
        add(one);
        ++made;
      }
    }
    call.put(Json{call.arena.copy(out + ']')});
  }
}

// --- sorting

// Numbers before texts, whichever way; each in order.
template <bool descending>
bool sorts_before(std::string_view a, std::string_view b) {
  const auto p = json::is_string(a) ? std::nullopt : real_from_text(a), q = json::is_string(b) ? std::nullopt : real_from_text(b);
  if (p.has_value() != q.has_value()) return p.has_value();
  if (p) return descending ? *p > *q : *p < *q;
  return descending ? a > b : a < b;
}

// The first array sorted, further ones in the same order; then whether nulls are last.
template <bool descending>
void sort(KernelCall& call) {
  const std::size_t arrays = call.size() - (call.size() > 1 && call[call.size() - 1].type() == Type::boolean ? 1 : 0);
  for (std::size_t row = 0; row < call.rows; ++row) {
    if (call[0].is_null(row) || !json::is_array(call[0].text(row))) {
      call.put_null();
      continue;
    }
    const bool nulls_last = arrays == call.size() || call[arrays].is_null(row) || call[arrays].boolean(row);
    const auto keys = items_of(call[0].text(row));
    std::vector<std::size_t> order(keys.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::stable_sort(order, [&](std::size_t i, std::size_t j) {
      const bool p = json::is_null(keys[i]), q = json::is_null(keys[j]);
      if (p || q) return p != q && (nulls_last ? q : p);
      return sorts_before<descending>(keys[i], keys[j]);
    });
    std::string out = arrays > 1 ? "[" : "";
    for (std::size_t i = 0; i < arrays; ++i) {
      if (i > 0) out += ',';
      const auto items = call[i].is_null(row) ? Items{} : items_of(call[i].text(row));
      if (items.size() != keys.size()) {  // of another length: cannot follow
        out += "null";
        continue;
      }
      Items sorted;
      for (const auto k : order) sorted.push_back(items[k]);
      out += array_of(call.arena, sorted).text;
    }
    if (arrays > 1) out += ']';
    call.put(Json{call.arena.copy(out)});
  }
}

constexpr Kernel kKernels[] = {
    {"array_length", kernel_rows<[](Json array) { return length(array); }>},
    {"pack_array", pack_array},
    {"array_concat", concat},
    {"array_slice",
     kernel_rows<[](Arena& arena, Json array, std::int64_t a, std::int64_t b) { return slice(arena, array, a, b); }>},
    {"array_rotate_left",
     kernel_rows<[](Arena& arena, Json array, std::int64_t n) { return rotate(arena, array, n); }>},
    {"array_rotate_right",
     kernel_rows<[](Arena& arena, Json array, std::int64_t n) { return rotate(arena, array, -n); }>},
    {"array_shift_left", [](KernelCall& call) { shift(call, true); }},
    {"array_shift_right", [](KernelCall& call) { shift(call, false); }},
    {"array_reverse", kernel_rows<[](Arena& arena, Json array) { return reverse(arena, array); }>},
    {"array_sum", kernel_rows<[](Json array) { return sum(array); }>},
    {"array_index_of", index_of},
    {"array_split", split},
    {"array_iff", choose},
    {"repeat", repeat},
    {"zip", zip},
    {"range", range},
    {"set_union", set_union},
    {"set_intersect", set_filter<true>},
    {"set_difference", set_filter<false>},
    {"set_equals", kernel_rows<[](Json a, Json b) { return set_equals(a, b); }>},
    {"set_has_element", set_has},
    {"jaccard_index", kernel_rows<[](Json a, Json b) { return jaccard(a, b); }>},
    {"array_sort_asc", sort<false>},
    {"array_sort_desc", sort<true>},
};

}  // namespace

std::span<const Kernel> array_kernels() { return kKernels; }

}  // namespace yagura::kql
