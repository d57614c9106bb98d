#include "forward/ledger.hpp"

#include <boost/json.hpp>

#include <algorithm>

#include "base/file.hpp"
#include "base/json_writer.hpp"

namespace yagura::forward {

namespace {

constexpr std::string_view kFormat = "yagura-ledger/1";
// Rules have the names that a profile gives; a profile's worth of them, and what nobody means stays together.
constexpr std::size_t kMostNames = 1000;

void count(std::map<std::string, std::uint64_t, std::less<>>& in, std::string_view name, std::uint64_t more) {
  auto found = in.find(name);
  if (found == in.end()) found = in.emplace(in.size() < kMostNames ? std::string(name) : "others", 0).first;
  found->second += more;
}

std::uint64_t sum(const std::map<std::string, std::uint64_t, std::less<>>& of) {
  std::uint64_t all = 0;
  for (const auto& [name, number] : of) all += number;
  return all;
}

}  // namespace

void LedgerCounts::add(const LedgerCounts& more) {
  scanned += more.scanned;
  sent += more.sent;
  for (const auto& [name, number] : more.filtered) count(filtered, name, number);
  for (const auto& [name, number] : more.lost) count(lost, name, number);
}

void LedgerCounts::filter(std::string_view rule, std::uint64_t more) { count(filtered, rule, more); }
void LedgerCounts::lose(std::string_view reason, std::uint64_t more) { count(lost, reason, more); }

void LedgerCounts::sent_but_lost(std::string_view reason, std::uint64_t number) {
  number = std::min(number, sent);
  if (number == 0) return;
  sent -= number;
  lose(reason, number);
}

std::uint64_t LedgerCounts::filtered_total() const { return sum(filtered); }
std::uint64_t LedgerCounts::lost_total() const { return sum(lost); }

std::string Ledger::to_json() const {
  std::string out;
  JsonWriter json(out);
  const auto map = [&](std::string_view key, const auto& of) {
    json.key(key).begin_object();
    for (const auto& [name, number] : of) json.key(name).number(number);
    json.end_object();
  };
  json.begin_object();
  json.key("format").text(kFormat);
  json.key("since").text(since);
  json.key("from").number(from.number()).key("bookmark").number(bookmark.number());
  json.key("scanned").number(counts.scanned).key("sent").number(counts.sent);
  map("filtered", counts.filtered);
  map("lost", counts.lost);
  json.key("repeated").number(repeated).key("shortened").number(shortened).key("connections").number(connections);
  if (signing_session != 0) json.key("signingSession").number(signing_session);
  json.key("balanced").boolean(counts.balanced());
  json.end_object();
  return out;
}

Result<> Ledger::save(const std::filesystem::path& file) const {
  std::error_code error;
  std::filesystem::create_directories(file.parent_path(), error);
  return write_file_atomically(file, to_json() + "\n");
}

Result<Ledger> Ledger::load(const std::filesystem::path& file) {
  auto text = read_file(file, 4_MiB);
  if (!text && text.error().kind() == ErrorKind::not_found) return Ledger();
  if (!text) return std::unexpected(std::move(text).error());
  boost::system::error_code error;
  const auto value = boost::json::parse(*text, error);
  const auto broken = [&](std::string_view why) {
    return fail(ErrorKind::corrupt, "the forwarder's ledger {}: {}; move it away to begin a new one", file.string(),
                why);
  };
  if (error || !value.is_object()) return broken("not a JSON object");
  const auto& object = value.as_object();
  bool good = true;
  const auto number_of = [&](const boost::json::value& field) -> std::uint64_t {
    if (field.is_int64() && field.as_int64() >= 0) return static_cast<std::uint64_t>(field.as_int64());
    if (field.is_uint64()) return field.as_uint64();
    good = false;
    return 0;
  };
  const auto number = [&](std::string_view key) -> std::uint64_t {
    const auto* field = object.if_contains(key);
    if (field == nullptr) good = false;
    return field != nullptr ? number_of(*field) : 0;
  };
  const auto map = [&](std::string_view key, auto& into) {
    const auto* field = object.if_contains(key);
    if (field == nullptr || !field->is_object()) {
      good = false;
      return;
    }
    for (const auto& [name, of] : field->as_object())
      count(into, std::string_view(name.data(), name.size()), number_of(of));
  };
  const auto* format = object.if_contains("format");
  if (format == nullptr || !format->is_string() || format->as_string() != kFormat)
    return broken("its format is unknown");
  Ledger ledger;
  ledger.from = Position(number("from")), ledger.bookmark = Position(number("bookmark"));
  ledger.counts.scanned = number("scanned"), ledger.counts.sent = number("sent");
  map("filtered", ledger.counts.filtered);
  map("lost", ledger.counts.lost);
  ledger.repeated = number("repeated"), ledger.shortened = number("shortened"),
  ledger.connections = number("connections");
  if (const auto* session = object.if_contains("signingSession")) ledger.signing_session = number_of(*session);
  if (const auto* since = object.if_contains("since"); since != nullptr && since->is_string())
    ledger.since = std::string(since->as_string());
  if (!good) return broken("a number is missing");
  if (!ledger.counts.balanced())
    return broken(fmt::format("it does not balance ({} scanned, {} sent, {} filtered, {} lost)", ledger.counts.scanned,
                              ledger.counts.sent, ledger.counts.filtered_total(), ledger.counts.lost_total()));
  return ledger;
}

}  // namespace yagura::forward
