// Asking and merging sketches of hll() and tdigest(); their forms are in functions/sketches.cpp. And buildschema().
//
// What is no such sketch gives null. Bounded: registers are 2^18 at most, a merged digest keeps 2048 values.
#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "kql/kernels/conversion.hpp"
#include "kql/kernels/json.hpp"
#include "kql/kernels/kernel.hpp"

namespace yagura::kql {

namespace {

template <class Integer>
std::optional<Integer> integer_of(std::string_view text) {
  if (json::is_string(text)) text = text.substr(1, text.size() - 2);
  Integer value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// --- hll

constexpr std::size_t kMaxHashes = 1024;

struct Hll {
  int bits = 0;
  std::set<std::uint64_t> hashes;
  std::map<std::uint32_t, std::uint8_t> registers;  // in use once there are too many hashes

  void add(std::uint32_t bucket, std::uint8_t rank) {
    auto& known = registers[bucket];
    known = std::max(known, rank);
  }
  void spill() {
    for (const auto hash : hashes) {
      const std::uint64_t rest = hash >> bits;
      add(static_cast<std::uint32_t>(hash & ((std::uint64_t{1} << bits) - 1)),
          static_cast<std::uint8_t>(rest == 0 ? 65 - bits : 1 + __builtin_ctzll(rest)));
    }
    hashes.clear();
  }
};

std::optional<Hll> read_hll(std::string_view text) {
  if (!json::is_array(text)) return std::nullopt;
  const auto head = json::element(text, 0), hashes = json::element(text, 1), registers = json::element(text, 2);
  if (!json::is_array(head) || !json::is_array(hashes) || !json::is_array(registers)) return std::nullopt;
  const auto bits = integer_of<int>(json::element(head, 1));
  if (!bits || *bits < 4 || *bits > 18) return std::nullopt;
  Hll out{.bits = *bits};
  bool good = true;
  json::for_each_element(hashes, [&](std::string_view e) {
    const auto hash = integer_of<std::int64_t>(e);
    good = good && hash && out.hashes.size() < kMaxHashes;
    if (good) out.hashes.insert(static_cast<std::uint64_t>(*hash));
  });
  json::for_each_element(registers, [&](std::string_view e) {
    const auto value = good ? integer_of<std::uint32_t>(e) : std::nullopt;
    good = value && *value / 64 < (1U << *bits);
    if (good) out.add(*value / 64, static_cast<std::uint8_t>(*value % 64));
  });
  if (!good) return std::nullopt;
  if (!out.registers.empty()) out.spill();
  return out;
}

std::string hll_text(const Hll& sketch) {
  std::string out = "[[" + std::to_string(kMaxHashes) + "," + std::to_string(sketch.bits) + "],[";
  std::vector<std::int64_t> hashes;
  for (const auto hash : sketch.hashes) hashes.push_back(static_cast<std::int64_t>(hash));
  for (const auto hash : hashes) {
    if (out.back() != '[') out += ',';
    out += '"' + std::to_string(hash) + '"';
  }
  out += "],[";
  for (const auto& [bucket, rank] : sketch.registers) {
    if (out.back() != '[') out += ',';
    out += std::to_string(bucket * 64 + rank);
  }
  return out + "]]";
}

// O. Ertl, New cardinality estimation algorithms for HyperLogLog sketches (2017), algorithm 6: no tables, no thresholds.
double sigma(double x) {
  if (x == 1) return INFINITY;
  double y = 1, z = x;
  for (double last = -1; z != last;) {
    x *= x;
    last = z;
    z += x * y;
    y += y;
  }
  return z;
}
double tau(double x) {
  if (x == 0 || x == 1) return 0;
  double y = 1, z = 1 - x;
  for (double last = -1; z != last;) {
    x = std::sqrt(x);
    last = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  }
  return z / 3;
}
double estimate(const Hll& sketch) {
  const int q = 64 - sketch.bits;
  const double m = std::ldexp(1, sketch.bits);
  std::vector<double> counts(static_cast<std::size_t>(q) + 2);
  counts[0] = m - static_cast<double>(sketch.registers.size());
  for (const auto& [bucket, rank] : sketch.registers) ++counts[std::min<std::size_t>(rank, counts.size() - 1)];
  double z = m * tau(1 - counts.back() / m);
  for (int k = q; k >= 1; --k) z = 0.5 * (z + counts[static_cast<std::size_t>(k)]);
  z += m * sigma(counts[0] / m);
  return m * m / (2 * std::log(2.0) * z);
}

constexpr auto count_hll = [](Json text) -> std::optional<std::int64_t> {
  const auto sketch = read_hll(text.text);
  if (!sketch) return std::nullopt;
  if (sketch->registers.empty()) return static_cast<std::int64_t>(sketch->hashes.size());
  return static_cast<std::int64_t>(std::llround(std::min(estimate(*sketch), 9e18)));
};

void merge_hll(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    std::optional<Hll> all;
    bool good = true;
    for (std::size_t i = 0; i < call.size() && good; ++i) {
      if (call[i].is_null(row)) continue;
      auto next = read_hll(call[i].text(row));
      good = next && (!all || all->bits == next->bits);
      if (!good) break;
      if (!all) {
        all = std::move(next);
        continue;
      }
      all->hashes.merge(next->hashes);
      for (const auto& [bucket, rank] : next->registers) all->add(bucket, rank);
    }
    if (!good || !all) {
      call.put_null();
      continue;
    }
    if (!all->registers.empty() || all->hashes.size() > kMaxHashes) all->spill();
    call.put(Json{call.arena.copy(hll_text(*all))});
  }
}

// How many values all of the sketches have seen. Hashes tell exactly; registers only how many any of several has seen, from
// which that of all follows by inclusion and exclusion, for up to ten sketches.
std::optional<std::int64_t> intersection(std::vector<Hll>& sketches) {
  for (const auto& s : sketches) {
    if (s.bits != sketches[0].bits) return std::nullopt;
  }
  if (std::ranges::all_of(sketches, [](const Hll& s) { return s.registers.empty(); })) {
    return std::ranges::count_if(sketches[0].hashes, [&](std::uint64_t hash) {
      return std::ranges::all_of(sketches, [&](const Hll& s) { return s.hashes.contains(hash); });
    });
  }
  if (sketches.size() > 10) return std::nullopt;
  for (auto& s : sketches) s.spill();
  double all = 0;
  for (std::uint32_t subset = 1; subset < (1U << sketches.size()); ++subset) {
    Hll any{.bits = sketches[0].bits};
    for (std::size_t i = 0; i < sketches.size(); ++i) {
      if ((subset >> i & 1) == 0) continue;
      for (const auto& [bucket, rank] : sketches[i].registers) any.add(bucket, rank);
    }
    all += (std::popcount(subset) % 2 == 1 ? 1 : -1) * estimate(any);
  }
  return std::llround(std::clamp(all, 0.0, 9e18));
}

void intersect_hll(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    std::vector<Hll> sketches;
    for (std::size_t i = 0; i < call.size() && !call.any_null(row); ++i) {
      auto sketch = read_hll(call[i].text(row));
      if (!sketch) break;
      sketches.push_back(std::move(*sketch));
    }
    if (sketches.size() == call.size()) call.put(intersection(sketches));
    else call.put_null();
  }
}

// --- tdigest

constexpr std::size_t kMaxValues = 2048;

struct Digest {
  int kind = 0;
  struct Entry {
    double value;
    std::string_view text;
    std::int64_t weight;
  };
  std::vector<Entry> entries;  // by value
  double total = 0;
};

std::optional<Digest> read_digest(std::string_view text) {
  if (!json::is_array(text)) return std::nullopt;
  const auto head = json::element(text, 0), values = json::element(text, 1), weights = json::element(text, 2);
  if (!json::is_array(head) || !json::is_array(values) || !json::is_array(weights)) return std::nullopt;
  const auto kind = integer_of<int>(json::element(head, 0));
  if (!kind) return std::nullopt;
  Digest out{.kind = *kind};
  bool good = true;
  json::for_each_element(values, [&](std::string_view e) {
    const auto value = real_from_text(e);
    good = good && value && !json::is_string(e);
    if (good) out.entries.push_back({*value, e, 0});
  });
  std::size_t i = 0;
  json::for_each_element(weights, [&](std::string_view e) {
    const auto weight = integer_of<std::int64_t>(e);
    good = good && weight && *weight > 0 && i < out.entries.size();
    if (!good) return;
    out.entries[i++].weight = *weight;
    out.total += static_cast<double>(*weight);
  });
  if (!good || i != out.entries.size() || i == 0) return std::nullopt;
  std::ranges::stable_sort(out.entries, {}, &Digest::Entry::value);
  return out;
}

// A digest may come from anybody: weights that no 64 bits hold stay at the most.
std::int64_t together(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
}

void merge_digests(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    std::optional<Digest> all;
    bool good = true;
    for (std::size_t i = 0; i < call.size() && good; ++i) {
      if (call[i].is_null(row)) continue;
      auto next = read_digest(call[i].text(row));
      good = next && (!all || all->kind == next->kind);
      if (!good) break;
      if (!all) {
        all = std::move(next);
        continue;
      }
      all->total += next->total;
      all->entries.insert(all->entries.end(), next->entries.begin(), next->entries.end());
    }
    if (!good || !all) {
      call.put_null();
      continue;
    }
    std::ranges::stable_sort(all->entries, {}, &Digest::Entry::value);
    std::vector<Digest::Entry> kept;
    for (const auto& e : all->entries) {
      if (!kept.empty() && kept.back().text == e.text) kept.back().weight = together(kept.back().weight, e.weight);
      else kept.push_back(e);
    }
    if (kept.size() > kMaxValues) {  // one for each part of the weight; the first for itself
      std::vector<Digest::Entry> parts;
      double sum = 0, part = -1;
      for (const auto& e : kept) {
        sum += static_cast<double>(e.weight);
        const double at = parts.empty() ? 0 : std::ceil(sum * static_cast<double>(kMaxValues) / all->total);
        if (at == part) {
          const auto weight = together(parts.back().weight, e.weight);
          parts.back() = e;
          parts.back().weight = weight;
        } else {
          parts.push_back(e);
          part = at;
        }
      }
      kept = std::move(parts);
    }
    std::string values, weights;
    for (const auto& e : kept) {
      if (!values.empty()) values += ',', weights += ',';
      values += e.text;
      weights += std::to_string(e.weight);
    }
    call.put(Json{call.arena.copy("[[" + std::to_string(all->kind) + "],[" + values + "],[" + weights + "]]")});
  }
}

// The smallest value that the percentage of all values doesn't exceed, as JSON.
std::string_view percentile_of(const Digest& digest, double percentile, Arena& arena) {
  const double wanted = std::max(1.0, std::ceil(digest.total * std::clamp(percentile, 0.0, 100.0) / 100 - 1e-9));
  double sum = 0;
  const Digest::Entry* found = &digest.entries.back();
  for (const auto& e : digest.entries) {
    sum += static_cast<double>(e.weight);
    if (sum >= wanted) {
      found = &e;
      break;
    }
  }
  if (digest.kind != 3 && digest.kind != 10) return found->text;
  event::Column one(digest.kind == 3 ? Type::datetime : Type::timespan);
  const auto ticks = integer_of<std::int64_t>(found->text);
  one.append_int64(ticks.value_or(0));
  return json_of(Operand(one, true), 0, arena);
}

constexpr auto percentile = [](Arena& arena, Json text, double wanted) -> std::optional<Json> {
  const auto digest = read_digest(text.text);
  return digest ? std::optional(Json{percentile_of(*digest, wanted, arena)}) : std::nullopt;
};

void percentiles_array(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto digest = call.any_null(row) ? std::nullopt : read_digest(call[0].text(row));
    if (!digest) {
      call.put_null();
      continue;
    }
    std::string out = "[";
    const auto add = [&](double wanted) {
      if (out.size() > 1) out += ',';
      out += percentile_of(*digest, wanted, call.arena);
    };
    if (call[1].type() == Type::dynamic) {
      json::for_each_element(call[1].text(row), [&](std::string_view e) {
        const auto wanted = real_from_text(e);
        if (wanted) add(*wanted);
      });
    } else {
      for (std::size_t i = 1; i < call.size(); ++i) add(call[i].real(row));
    }
    call.put(Json{call.arena.copy(out + "]")});
  }
}

template <bool Percent>
void rank(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto digest = call.any_null(row) ? std::nullopt : read_digest(call[0].text(row));
    std::optional<double> value;
    if (digest) {
      const Operand& v = call[1];
      if (v.type() == Type::string || v.type() == Type::dynamic) {
        value = real_from_text(text_of(v, row, call.arena));
      } else {
        value = v.type() == Type::real || v.type() == Type::decimal ? v.real(row) : static_cast<double>(v.integer(row));
      }
    }
    if (!value) {
      call.put_null();
      continue;
    }
    double sum = 0;
    for (const auto& e : digest->entries) {
      if (e.value <= *value) sum += static_cast<double>(e.weight);
    }
    call.put(Percent ? sum * 100 / digest->total : sum);
  }
}

// --- buildschema: {"x":["long","string"],"y":"double","z":{"`indexer`":"long"}}

constexpr std::string_view kIndexer = "\"`indexer`\"";
constexpr std::size_t kMaxNodes = 100'000;  // of one schema
constexpr int kMaxDepth = 100;

struct Schema {
  std::set<std::string_view> types;
  std::vector<std::pair<std::string_view, std::unique_ptr<Schema>>> members;  // keys with their quotes
  std::map<std::string_view, Schema*> by_key;
  bool has_members = false;

  Schema& member(std::string_view key) {
    has_members = true;
    auto& known = by_key[key];
    if (known == nullptr) {
      members.emplace_back(key, std::make_unique<Schema>());
      known = members.back().second.get();
    }
    return *known;
  }
};

std::string_view type_of_json(std::string_view value, Arena& arena) {
  if (value == "true" || value == "false") return "bool";
  if (!json::is_string(value)) return value.find_first_of(".eE") == std::string_view::npos ? "long" : "double";
  // Texts that dynamic literals hold times as.
  const auto text = json::decode(value, arena);
  if (text.size() >= 20 && text[4] == '-' && text[10] == 'T' && text.back() == 'Z' && datetime_from_text(text)) return "datetime";
  return "string";
}

void learn(Schema& schema, std::string_view value, Arena& arena, std::size_t& nodes, int depth) {
  if (json::is_null(value) || ++nodes > kMaxNodes || depth > kMaxDepth) return;
  if (json::is_object(value)) {
    schema.has_members = true;
    json::for_each_member(value, [&](std::string_view key, std::string_view item) { learn(schema.member(key), item, arena, nodes, depth + 1); });
  } else if (json::is_array(value)) {
    schema.has_members = true;
    json::for_each_element(value, [&](std::string_view item) { learn(schema.member(kIndexer), item, arena, nodes, depth + 1); });
  } else {
    schema.types.insert(type_of_json(value, arena));
  }
}

void append_schema(std::string& out, const Schema& schema) {
  const std::size_t count = schema.types.size() + (schema.has_members ? 1 : 0);
  if (count == 0) {
    out += "\"null\"";
    return;
  }
  if (count > 1) out += '[';
  bool first = true;
  for (const auto type : schema.types) {
    if (!first) out += ',';
    first = false;
    out += '"';
    out += type;
    out += '"';
  }
  if (schema.has_members) {
    if (!first) out += ',';
    out += '{';
    bool first_member = true;
    for (const auto& [key, inner] : schema.members) {
      if (!first_member) out += ',';
      first_member = false;
      out += key;
      out += ':';
      append_schema(out, *inner);
    }
    out += '}';
  }
  if (count > 1) out += ']';
}

constexpr auto schema_of = [](Arena& arena, Json values) -> std::optional<Json> {
  if (!json::is_array(values.text)) return std::nullopt;
  Schema schema;
  std::size_t nodes = 0;
  bool any = false;
  json::for_each_element(values.text, [&](std::string_view value) {
    any = any || !json::is_null(value);
    learn(schema, value, arena, nodes, 0);
  });
  if (!any) return std::nullopt;
  std::string out;
  append_schema(out, schema);
  return Json{arena.copy(out)};
};

constexpr Kernel kKernels[] = {
    {"hll_merge", merge_hll},
    {"dcount_hll", kernel_rows<count_hll>},
    {".dcount_intersect", intersect_hll},
    {"tdigest_merge", merge_digests},
    {"percentile_tdigest", kernel_rows<percentile>},
    {"percentiles_array_tdigest", percentiles_array},
    {"percentrank_tdigest", rank<true>},
    {"rank_tdigest", rank<false>},
    {".schema_of", kernel_rows<schema_of>},
};

}  // namespace

std::span<const Kernel> sketch_kernels() { return kKernels; }

}  // namespace yagura::kql
