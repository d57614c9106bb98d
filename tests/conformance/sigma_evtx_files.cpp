// Suite evtx: record counts and ids of every file, sampled records in full, damaged files within their bounds.
#include <set>
#include <sstream>

#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "formats/evtx.hpp"
#include "sigma_suites.hpp"

namespace yagura::conformance {

namespace {

namespace json = boost::json;

// RFC 4180, as far as the case files need it.
std::vector<std::vector<std::string>> read_csv(const std::filesystem::path& path) {
  std::vector<std::vector<std::string>> rows(1);
  const auto text = read_file(path);
  if (!text) return {};
  std::string cell;
  bool quoted = false;
  for (std::size_t i = 0; i < text->size(); ++i) {
    const char c = (*text)[i];
    if (quoted) {
      if (c != '"')
        cell += c;
      else if (i + 1 < text->size() && (*text)[i + 1] == '"')
        cell += '"', ++i;
      else
        quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',' || c == '\n') {
      if (!cell.empty() && cell.back() == '\r') cell.pop_back();
      rows.back().push_back(std::move(cell));
      cell.clear();
      if (c == '\n') rows.emplace_back();
    } else {
      cell += c;
    }
  }
  rows.pop_back();
  return rows;
}

std::string attribute_of(const formats::EvtxElement* element, std::string_view name) {
  std::string text;
  if (element)
    for (const auto& [key, value] : element->attributes)
      if (key == name) append_text(text, value);
  return text;
}

// path -> texts: of elements by their names (<Data Name="X"> as X), of attributes behind '@'.
void flatten(const formats::EvtxElement& element, const std::string& path,
             std::map<std::string, std::multiset<std::string>>& out) {
  for (const auto& [name, value] : element.attributes) {
    std::string text;
    append_text(text, value);
    out[path + "@" + std::string(name)].insert(std::move(text));
  }
  if (element.children.empty() || !element.texts.empty()) out[path].insert(element.text());
  for (const auto& child : element.children) {
    const auto named = child.name == "Data" ? attribute_of(&child, "Name") : std::string();
    flatten(child, path + "/" + (named.empty() ? std::string(child.name) : named), out);
  }
}

void flatten(const json::value& value, const std::string& path, std::vector<std::pair<std::string, std::string>>& out) {
  if (value.is_object()) {
    for (const auto& member : value.get_object()) {
      const std::string key(member.key());
      if (key == "#text")
        flatten(member.value(), path, out);
      else if (key == "#attributes") {
        for (const auto& attribute : member.value().as_object())
          flatten(attribute.value(), path + "@" + std::string(attribute.key()), out);
      } else {
        flatten(member.value(), path + "/" + key, out);
      }
    }
  } else if (value.is_array()) {
    for (const auto& item : value.get_array()) flatten(item, path, out);
  } else if (value.is_string()) {
    out.emplace_back(path, std::string(value.get_string()));
  } else {
    out.emplace_back(path, value.is_null() ? std::string() : json::serialize(value));
  }
}

// "X_1" is evtx_dump's name for the second X.
std::string without_number(const std::string& path) {
  const auto line = path.rfind('_');
  if (line == std::string::npos || line + 1 == path.size()) return path;
  return std::ranges::all_of(path.substr(line + 1), is_ascii_digit) ? path.substr(0, line) : path;
}

struct FileResult {
  std::vector<std::string> ids;
  std::map<std::string, int> histogram;
  std::size_t damage = 0;
  std::size_t records = 0;  // of EvtxChunkReader::read()
};

template <class Each>
FileResult read_evtx(std::string_view bytes, Each each) {
  FileResult result;
  const formats::EvtxFile file(bytes);
  result.damage = file.damage().size();
  formats::EvtxChunkReader reader;
  for (const auto& chunk : file.chunks()) {
    std::vector<formats::EvtxDamage> damage;
    reader.visit(
        file, chunk,
        [&](const formats::EvtxElement& event) {
          const auto* system = event.child("System");
          const auto* id = system ? system->child("EventRecordID") : nullptr;
          const auto* event_id = system ? system->child("EventID") : nullptr;
          result.ids.push_back(id ? id->text() : "None");
          ++result.histogram[attribute_of(system ? system->child("Provider") : nullptr, "Name") + "|" +
                             (event_id ? event_id->text() : "")];
          each(result.ids.size() - 1, event);
        },
        damage);
    result.damage += damage.size();
    event::RecordBatch batch;
    damage.clear();
    reader.read(file, chunk, {}, batch, damage);
    result.records += batch.size();
  }
  return result;
}

}  // namespace

int run_evtx(const std::filesystem::path& cases, Report& report) {
  const Unpacked unpacked(cases / "evtx/evtx.tar.gz");
  const auto rows = read_csv(cases / "evtx/expected_counts.csv");
  // Sampled records by file and index.
  std::map<std::string, std::map<std::size_t, json::value>> samples;
  const auto jsonl = unpacked.path() / "expected_records.jsonl";
  if (std::system(("gzip -dc '" + (cases / "evtx/expected_records.jsonl.gz").string() + "' > '" + jsonl.string() + "'")
                      .c_str()) != 0)
    return 2;
  std::ifstream lines(jsonl);
  for (std::string line; std::getline(lines, line);) {
    auto sample = json::parse(line).as_object();
    samples[std::string(sample["file"].as_string())][static_cast<std::size_t>(sample["index"].as_int64())] =
        sample["record"];
  }
  std::map<std::string, std::size_t> column;
  for (std::size_t i = 0; i < rows[0].size(); ++i) column[rows[0][i]] = i;
  for (std::size_t r = 1; r < rows.size(); ++r) {
    const auto& row = rows[r];
    const auto& name = row[column["file"]];
    const auto bytes = read_file(unpacked.path() / name);
    if (!bytes) {
      report.add("evtx.files", false, name + ": " + bytes.error().message());
      continue;
    }
    auto& wanted = samples[name];
    const auto result = read_evtx(*bytes, [&](std::size_t index, const formats::EvtxElement& event) {
      const auto sample = wanted.find(index);
      if (sample == wanted.end()) return;
      std::map<std::string, std::multiset<std::string>> found;
      flatten(event, "/" + std::string(event.name), found);
      std::vector<std::pair<std::string, std::string>> expected;
      flatten(sample->second, "", expected);
      std::string missing;
      for (const auto& [path, text] : expected) {
        bool there = false;
        for (const auto& candidate : {path, without_number(path)}) {
          const auto known = found.find(candidate);
          if (there || known == found.end()) continue;
          there = known->second.contains(text);
        }
        // An element without text is null there, whatever it has inside.
        if (!there && !text.empty()) {
          const auto known = found.find(path);
          missing += "\n    " + path + " = " + text.substr(0, 200) +
                     (known == found.end() ? " (no such place)" : " but is " + known->second.begin()->substr(0, 200));
        }
      }
      report.add("evtx.records", missing.empty(), name + " record " + std::to_string(index) + ":" + missing);
      wanted.erase(sample);
    });
    for (const auto& [index, record] : wanted)
      report.add("evtx.records", false, name + " record " + std::to_string(index) + ": not there");
    const auto integer = [&](const std::string& key) {
      return static_cast<std::size_t>(parse_int64(row[column[key]]).value_or(0));
    };
    if (name.starts_with("damaged/")) {
      const std::size_t least = integer("min_records"), most = integer("max_records");
      const bool must_say = row[column["note"]].find("intact") == std::string::npos;
      const bool good = result.ids.size() >= least && result.ids.size() <= most && result.records == result.ids.size();
      report.add("evtx.damaged", good,
                 name + ": " + std::to_string(result.ids.size()) + " records, " + std::to_string(least) + ".." +
                     std::to_string(most) + " expected (" + row[column["note"]] + ")");
      const bool undamaged_order =
          name.find("16_chunk") != std::string::npos || name.find("17_chunks") != std::string::npos ||
          name.find("14_dirty") != std::string::npos || name.find("15_zero") != std::string::npos;
      if (must_say && !undamaged_order)
        report.add("evtx.damage_named", result.damage != 0, name + ": does not say that it is damaged");
      continue;
    }
    std::string joined;
    for (std::size_t i = 0; i < result.ids.size(); ++i) joined += (i ? "\n" : "") + result.ids[i];
    std::map<std::string, int> histogram;
    const auto counts = json::parse(row[column["histogram"]]);
    for (const auto& member : counts.as_object())
      histogram[std::string(member.key())] = static_cast<int>(member.value().as_int64());
    std::string failure;
    if (result.ids.size() != integer("records"))
      failure += " " + std::to_string(result.ids.size()) + " records instead of " + row[column["records"]] + ";";
    if (result.records != result.ids.size())
      failure += " read() gives " + std::to_string(result.records) + " records, visit() " +
                 std::to_string(result.ids.size()) + ";";
    if (to_hex(as_text(sha256(joined))) != row[column["ids_sha256"]]) failure += " other record ids;";
    if (histogram != result.histogram) failure += " other providers and event ids;";
    if (result.damage != 0) failure += " claims to be damaged;";
    report.add("evtx.files", failure.empty(), name + ":" + failure);
  }
  report.print_all("evtx");
  return 0;
}

}  // namespace yagura::conformance
