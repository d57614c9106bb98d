#include "control/checkpoints.hpp"

#include "base/bytes.hpp"

namespace yagura::control {

Checkpoints::Checkpoints(Database& database, Clock clock) : database_(database), clock_(std::move(clock)) {}

Result<std::optional<std::string>> Checkpoints::get(std::string_view name) {
  std::optional<std::string> value;
  auto reading = TRY(database_.read());
  TRY(reading.rows(
      "SELECT value FROM checkpoints WHERE name = ?",
      [&](const Row& row) {
        value = row.text(0);
        return false;
      },
      name));
  return value;
}

Result<> Checkpoints::set(std::string_view name, std::string_view value) {
  return set_all({{std::string(name), std::string(value)}});
}

Result<> Checkpoints::set_all(const std::vector<Checkpoint>& checkpoints) {
  auto writing = TRY(database_.write());
  for (const Checkpoint& checkpoint : checkpoints) {
    if (checkpoint.value.size() > (1_MiB).count())
      return fail(ErrorKind::invalid_input, "checkpoint '{}' has {} bytes, at most 1 MiB fits", checkpoint.name,
                  checkpoint.value.size());
    TRY(
        writing.run("INSERT INTO checkpoints (name, value, updated_at) VALUES (?1, ?2, ?3) "
                    "ON CONFLICT (name) DO UPDATE SET value = ?2, updated_at = ?3",
                    checkpoint.name, Blob{checkpoint.value}, clock_()));
  }
  return writing.commit();
}

Result<> Checkpoints::remove(std::string_view name) {
  auto writing = TRY(database_.write());
  TRY(writing.run("DELETE FROM checkpoints WHERE name = ?", name));
  return writing.commit();
}

Result<std::vector<Checkpoint>> Checkpoints::list(std::string_view prefix) {
  std::vector<Checkpoint> found;
  auto reading = TRY(database_.read());
  TRY(reading.rows(
      "SELECT name, value FROM checkpoints WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name",
      [&](const Row& row) {
        found.push_back({row.text(0), row.text(1)});
        return true;
      },
      prefix));
  return found;
}

}  // namespace yagura::control
