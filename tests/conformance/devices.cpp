// conformance_devices devices|linux CASES FAILURES_FILE [DEVICE]
//
// devices: each line goes through the decoder that its source would be set to and through the device's pack; a case
// passes when every strict field of `expect` (overlaid by one of `also_ok`) is equal by the rules of the README there.
// Weak fields are counted apart, as devices.weak-fields.
#include <cstdio>
#include <fstream>

#include "base/encoding.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "devices_compare.hpp"
#include "devices_suites.hpp"
#include "formats/registry.hpp"
#include "formats/syslog.hpp"
#include "net/syslog_framer.hpp"
#include "normalise/pack.hpp"

namespace yagura::conformance {

namespace json = boost::json;
using event::Record;
using event::RecordBatch;

namespace {

json::value to_json(const event::Value& value) {
  std::string text;
  event::append_json(text, value);
  boost::system::error_code error;
  auto out = json::parse(text, error);
  return error ? json::value(text) : out;
}

}  // namespace

Found fields_of(const Record& record) {
  Found out;
  const auto& header = record.header();
  const auto own = record.own_fields();
  // Native names first, so that events that carry ECS names of their own count; what the pack says replaces them.
  for (const auto& f : own) out.insert_or_assign(std::string(f.name), to_json(f.value));
  const auto syslog = [&](std::string_view field) -> const event::Value* {
    for (const auto& f : own)
      if (f.name == field) return &f.value;
    return nullptr;
  };
  const auto copy = [&](std::string_view field, const char* name) {
    if (const auto* value = syslog(field)) out.insert_or_assign(name, to_json(*value));
  };
  if (const auto* facility = syslog("Facility")) {
    const auto* severity = syslog("Severity");
    const auto f = formats::facility_number(facility->as_string());
    const auto s = severity == nullptr ? std::nullopt : formats::severity_number(severity->as_string());
    if (f && s) {
      out.insert_or_assign("log.syslog.priority", *f * 8 + *s);
      out.insert_or_assign("log.syslog.facility.code", *f);
      out.insert_or_assign("log.syslog.severity.code", *s);
    }
  }
  copy("SyslogVersion", "log.syslog.version");
  copy("HostName", "log.syslog.hostname");
  copy("AppName", "log.syslog.appname");
  copy("ProcID", "log.syslog.procid");
  copy("MsgID", "log.syslog.msgid");
  copy("StructuredData", "log.syslog.structured_data");
  copy("Message", "message");
  out.insert_or_assign("parse.ok", header.malformed.empty());
  if (header.format == "cef" || header.format == "leef") {
    const std::string kind(header.format);
    bool in_extension = false;
    for (const auto& f : own) {
      if (f.name == "CEFVersion" || f.name == "LEEFVersion") {
        in_extension = true;
        out.insert_or_assign(kind + ".version", to_json(f.value));
      } else if (in_extension) {
        out.try_emplace(kind + ".ext." + std::string(f.name), to_json(f.value));
      }
    }
    const bool cef = kind == "cef";
    copy("DeviceVendor", cef ? "cef.device.vendor" : "leef.vendor");
    copy("DeviceProduct", cef ? "cef.device.product" : "leef.product");
    copy("DeviceVersion", cef ? "cef.device.version" : "leef.product_version");
    copy("DeviceEventClassID", cef ? "cef.device.event_class_id" : "leef.event_id");
    if (cef) {
      copy("Activity", "cef.name");
      copy("LogSeverity", "cef.severity");
    }
  }
  for (const auto& f : record.added_fields()) out.insert_or_assign(std::string(f.name), to_json(f.value));
  if (header.has_own_time) out.insert_or_assign("@timestamp", format_datetime(header.time.time_since_epoch().count()));
  return out;
}

namespace {

struct Names {
  std::set<std::string, std::less<>> strict;
  std::vector<std::string> prefixes;
  bool is_strict(std::string_view name) const {
    const std::string_view bare = name.substr(0, name.find('#'));
    if (strict.contains(bare)) return true;
    return std::any_of(prefixes.begin(), prefixes.end(), [&](const auto& prefix) { return bare.starts_with(prefix); });
  }
};

std::vector<std::string> frames_of(std::string_view stream) {
  net::SyslogFramer framer;
  std::vector<std::string> out;
  std::string_view rest = stream;
  while (const auto frame = framer.next(rest)) out.emplace_back(frame->bytes);
  while (const auto frame = framer.finish(rest)) out.emplace_back(frame->bytes);
  return out;
}

struct Tally {
  std::size_t passed = 0, total = 0;
};

}  // namespace

int run_devices(const std::filesystem::path& cases, const std::filesystem::path& failures_file, std::string_view only,
                const normalise::PackSet& packs, bool dump) {
  const auto root = cases / "devices";
  const auto rules_text = read_file(root / "fields.json");
  if (!rules_text) {
    fmt::print(stderr, "error: {}\n", rules_text.error().message());
    return 2;
  }
  Names names;
  const json::value rules = json::parse(*rules_text);
  for (const auto& name : rules.at("strict").as_array()) names.strict.emplace(name.as_string());
  for (const auto& name : rules.at("strict_prefixes").as_array()) names.prefixes.emplace_back(name.as_string());

  std::ofstream failures(failures_file);
  std::map<std::string, Tally> by_device;
  Tally all, weak, identified;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(root))
    if (std::filesystem::exists(entry.path() / "cases.jsonl")) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& folder : files) {
    const std::string device = folder.filename();
    if (!only.empty() && device != only) continue;
    std::ifstream lines(folder / "cases.jsonl");
    Tally& tally = by_device[device];
    for (std::string line; std::getline(lines, line);) {
      if (line.empty()) continue;
      const json::object c = json::parse(line).as_object();
      std::string raw;
      if (const auto* text = c.if_contains("raw"))
        raw = text->as_string();
      else
        raw = from_base64(std::string_view(c.at("raw_b64").as_string())).value_or("");
      const auto received = c.contains("received_at") ? parse_iso8601(std::string_view(c.at("received_at").as_string()))
                                                      : parse_iso8601("2026-05-10T00:00:00Z");
      ++tally.total;
      ++all.total;
      const auto& expect = c.at("expect").as_object();
      std::vector<std::string> differences;
      if (const auto* frames = expect.if_contains("frames")) {
        const auto cut = frames_of(raw);
        json::array ours(cut.begin(), cut.end());
        if (json::value(ours) != *frames)
          differences.push_back(
              fmt::format("  frames: expected {}, found {}", json::serialize(*frames), json::serialize(ours)));
      } else {
        RecordBatch batch;
        // What a source that reads the whole file would know from its header.
        std::string columns;
        if (const auto* context = c.if_contains("context"); context != nullptr && context->is_object()) {
          if (const auto* column_names = context->as_object().if_contains("zeek_fields"))
            for (const auto& name : column_names->as_array()) {
              if (!columns.empty()) columns += '\t';
              columns += std::string_view(name.as_string());
            }
        }
        formats::decode(columns.empty() ? "auto" : "tsv",
                        {.raw = raw, .received_at = receive_time(received.value_or(0)), .position = Position(1)},
                        {.columns = columns}, batch);
        if (device == "_identify" || device == "syslog" || device == "cef_syntax" || device == "leef_syntax")
          packs.apply(batch, normalise::PackSet::Use::all);
        else if (!packs.apply(batch, 0, device))
          packs.apply(batch, normalise::PackSet::Use::all);
        if (dump) {
          json::object all_fields;
          for (const auto& [name, value] : fields_of(batch[0])) all_fields[name] = value;
          fmt::print("{}\n", json::serialize(json::object{
                                 {"id", c.at("id")}, {"device", device}, {"fields", all_fields}, {"expect", expect}}));
          continue;
        }
        if (batch.size() != 1) differences.push_back(fmt::format("  {} records for one line", batch.size()));
        const Found found = fields_of(batch[0]);
        std::vector<json::object> alternatives{expect};
        if (const auto* also = c.if_contains("also_ok"); also != nullptr && also->is_array()) {
          for (const auto& overlay : also->as_array()) {
            json::object merged = expect;
            for (const auto& member : overlay.as_object()) merged[member.key()] = member.value();
            alternatives.push_back(std::move(merged));
          }
        }
        bool good = false;
        for (const auto& alternative : alternatives) {
          std::vector<std::string> missing;
          for (const auto& member : alternative)
            if (names.is_strict(member.key()) && !equal_field(member.key(), member.value(), found, true))
              missing.push_back(describe_difference(member.key(), member.value(), found));
          if (missing.empty()) good = true;
          if (differences.empty()) differences = std::move(missing);
          if (good) break;
        }
        if (good) differences.clear();
        for (const auto& member : expect) {
          if (names.is_strict(member.key())) continue;
          ++weak.total;
          weak.passed += equal_field(member.key(), member.value(), found, false);
        }
        if (device == "_identify") {
          ++identified.total;
          identified.passed += found.contains("pack.name");
        }
      }
      if (differences.empty()) {
        ++tally.passed;
        ++all.passed;
        continue;
      }
      failures << std::string_view(c.at("id").as_string()) << '\n';
      for (const auto& difference : differences) failures << difference << '\n';
      failures << "  raw: " << utf8::repaired(raw.substr(0, 4000)) << "\n\n";
    }
  }
  if (dump) return 0;
  fmt::print("devices {}/{}\n", all.passed, all.total);
  fmt::print("devices.weak-fields {}/{}\n", weak.passed, weak.total);
  if (identified.total > 0) fmt::print("devices.known-to-a-pack {}/{}\n", identified.passed, identified.total);
  for (const auto& [device, tally] : by_device) fmt::print("devices.{} {}/{}\n", device, tally.passed, tally.total);
  return 0;
}

}  // namespace yagura::conformance

int main(int argc, char** argv) {
  using namespace yagura;
  if (argc < 4) {
    fmt::print(stderr, "usage: {} devices|linux CASES FAILURES_FILE [DEVICE]\n", argv[0]);
    return 2;
  }
  const std::filesystem::path content = std::filesystem::path(YAGURA_PROJECT_ROOT) / "content" / "packs";
  auto packs = normalise::PackSet::load(content);
  if (!packs) {
    fmt::print(stderr, "error: {}\n", packs.error().message());
    return 2;
  }
  const std::string_view only = argc > 4 ? argv[4] : "";
  if (std::string_view(argv[1]) == "linux") return conformance::run_linux(argv[2], argv[3], only, *packs);
  // devices-fields: for authors of packs, each case with all that we found in it, a JSON object a line.
  return conformance::run_devices(argv[2], argv[3], only, *packs, std::string_view(argv[1]) == "devices-fields");
}
