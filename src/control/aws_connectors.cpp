#include "control/aws_connectors.hpp"

#include "base/hash.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace yagura::control {

namespace {

constexpr std::int64_t kKept = 30 * kTicksPerDay;
constexpr std::string_view kColumns = "SELECT id, name, settings, enabled, created_at, created_by FROM aws_connectors ";

AwsConnector connector_of(const Row& row) { return {row.integer(0), row.text(1), row.text(2), row.boolean(3), row.integer(4), row.text(5)}; }

template <class... Args>
Result<AwsConnector> one(Database::Transaction& in, std::string_view where, std::string_view what, const Args&... args) {
  std::optional<AwsConnector> found;
  TRY(in.rows(
      std::string(kColumns) + std::string(where),
      [&](const Row& row) {
        found = connector_of(row);
        return false;
      },
      args...));
  if (!found) return fail(ErrorKind::not_found, "there is no AWS connector '{}'", what);
  return *std::move(found);
}

}  // namespace

Result<AwsConnector> AwsConnectors::add(std::string_view name, std::string_view settings, std::int64_t read_from, const Actor& actor) {
  if (trim(name).empty() || name.size() > 100 || !utf8::valid(name)) return fail(ErrorKind::invalid_input, "a connector needs a name of at most 100 bytes");
  auto writing = TRY(database_.write());
  if (TRY(writing.integer("SELECT id FROM aws_connectors WHERE name = ?", name))) return fail(ErrorKind::conflict, "there is an AWS connector named '{}' already", name);
  TRY(writing.run("INSERT INTO aws_connectors (name, settings, created_at, created_by, read_from) VALUES (?,?,?,?,?)", name, settings, clock_(), actor.name, read_from));
  const auto id = writing.last_insert_id();
  TRY(append_audit(writing, {.at_ticks = clock_(), .actor = actor, .action = "connector.add", .target = std::string(name), .detail = std::string(settings)}));
  auto made = TRY(one(writing, "WHERE id = ?", name, id));
  TRY(writing.commit());
  return made;
}

Result<> AwsConnectors::remove(std::int64_t id, const Actor& actor) {
  auto writing = TRY(database_.write());
  const auto connector = TRY(one(writing, "WHERE id = ?", std::to_string(id), id));
  TRY(writing.run("DELETE FROM aws_connectors WHERE id = ?", id));
  TRY(append_audit(writing, {.at_ticks = clock_(), .actor = actor, .action = "connector.remove", .target = connector.name}));
  return writing.commit();
}

Result<AwsConnector> AwsConnectors::set_enabled(std::int64_t id, bool enabled, const Actor& actor) {
  auto writing = TRY(database_.write());
  TRY(writing.run("UPDATE aws_connectors SET enabled = ? WHERE id = ?", std::int64_t{enabled}, id));
  auto connector = TRY(one(writing, "WHERE id = ?", std::to_string(id), id));
  TRY(append_audit(writing, {.at_ticks = clock_(), .actor = actor, .action = enabled ? "connector.enable" : "connector.disable", .target = connector.name}));
  TRY(writing.commit());
  return connector;
}

Result<std::vector<AwsConnector>> AwsConnectors::list() {
  std::vector<AwsConnector> all;
  auto reading = TRY(database_.read());
  TRY(reading.rows(std::string(kColumns) + "ORDER BY name", [&](const Row& row) {
    all.push_back(connector_of(row));
    return true;
  }));
  return all;
}

Result<AwsConnector> AwsConnectors::find(std::string_view word) {
  auto reading = TRY(database_.read());
  auto named = one(reading, "WHERE name = ?", word, word);
  if (named || named.error().kind() != ErrorKind::not_found) return named;
  if (const auto id = parse_int64(word)) return one(reading, "WHERE id = ?", word, *id);
  return named;
}

Result<bool> AwsConnectors::is_done(std::string_view connector, std::string_view object) {
  const Sha256Digest digest = sha256(object);
  auto reading = TRY(database_.read());
  return TRY(reading.integer("SELECT 1 FROM aws_objects WHERE connector = ? AND object = ?", connector, Blob{as_text(digest)})).has_value();
}

Result<> AwsConnectors::mark_done(std::string_view connector, std::string_view object, std::int64_t records, std::int64_t read_from) {
  const Sha256Digest digest = sha256(object);
  auto writing = TRY(database_.write());
  TRY(writing.run("INSERT OR REPLACE INTO aws_objects (connector, object, records, done_at) VALUES (?,?,?,?)", connector, Blob{as_text(digest)}, records, clock_()));
  TRY(writing.run("UPDATE aws_connectors SET read_from = max(read_from, ?) WHERE name = ?", read_from, connector));
  TRY(writing.run("DELETE FROM aws_objects_aside WHERE connector = ? AND object = ?", connector, object));
  if (random_u64() % 256 == 0) TRY(writing.run("DELETE FROM aws_objects WHERE done_at < ?", clock_() - kKept));
  return writing.commit();
}

Result<std::int64_t> AwsConnectors::read_from(std::string_view connector) {
  auto reading = TRY(database_.read());
  return TRY(reading.integer("SELECT read_from FROM aws_connectors WHERE name = ?", connector)).value_or(0);
}

Result<> AwsConnectors::set_aside(std::string_view connector, std::string_view object, std::string_view reason, std::int64_t records) {
  auto writing = TRY(database_.write());
  TRY(writing.run("INSERT OR REPLACE INTO aws_objects_aside (connector, object, reason, records, at) VALUES (?,?,?,?,?)", connector, object, reason.substr(0, 2000), records, clock_()));
  return writing.commit();
}

Result<std::int64_t> AwsConnectors::records_set_aside(std::string_view connector, std::string_view object) {
  auto reading = TRY(database_.read());
  return TRY(reading.integer("SELECT records FROM aws_objects_aside WHERE connector = ? AND object = ?", connector, object)).value_or(0);
}

Result<std::vector<AwsObjectAside>> AwsConnectors::aside() {
  std::vector<AwsObjectAside> all;
  auto reading = TRY(database_.read());
  TRY(reading.rows("SELECT connector, object, reason, records, at FROM aws_objects_aside ORDER BY at DESC LIMIT 1000", [&](const Row& row) {
    all.push_back({row.text(0), row.text(1), row.text(2), row.integer(3), row.integer(4)});
    return true;
  }));
  return all;
}

}  // namespace yagura::control
