#include "control/functions.hpp"

#include "base/text.hpp"

namespace yagura::control {

namespace {

constexpr std::string_view kSelect =
    "SELECT name, parameters, body, folder, docstring, is_view, changed_at, changed_by FROM functions";

KeptFunction function_of(const Row& row) {
  return {.name = row.text(0),
          .parameters = row.text(1),
          .body = row.text(2),
          .folder = row.text(3),
          .docstring = row.text(4),
          .is_view = row.boolean(5),
          .changed_ticks = row.integer(6),
          .changed_by = row.text(7)};
}

bool is_name(std::string_view name) {
  if (name.empty() || name.size() > 256 || is_ascii_digit(name.front())) return false;
  for (const char c : name)
    if (!is_ascii_alpha(c) && !is_ascii_digit(c) && c != '_') return false;
  return true;
}

}  // namespace

Result<std::vector<KeptFunction>> Functions::list() {
  std::vector<KeptFunction> functions;
  auto reading = TRY(database_.read());
  TRY(reading.rows(std::string(kSelect) + " ORDER BY name", [&](const Row& row) {
    functions.push_back(function_of(row));
    return true;
  }));
  return functions;
}

Result<std::string> Functions::version() {
  std::string version;
  auto reading = TRY(database_.read());
  // Folded to 20 bits: the sum of 5,000 of them stays an integer.
  TRY(reading.rows("SELECT count(*), coalesce(max(changed_at), 0), coalesce(sum(changed_at & 1048575), 0) FROM functions",
                   [&](const Row& row) {
                     version = fmt::format("{}.{}.{}", row.integer(0), row.integer(1), row.integer(2));
                     return false;
                   }));
  return version;
}

Result<std::optional<KeptFunction>> Functions::find(std::string_view name) {
  std::optional<KeptFunction> function;
  auto reading = TRY(database_.read());
  TRY(reading.rows(
      std::string(kSelect) + " WHERE name = ?",
      [&](const Row& row) {
        function = function_of(row);
        return false;
      },
      name));
  return function;
}

Result<bool> Functions::put(const KeptFunction& function, IfThere if_there, const Actor& actor) {
  if (!is_name(function.name))
    return fail(ErrorKind::invalid_input,
                "'{}' is no name of a function: letters, digits and _, at most 256, no digit first",
                function.name.substr(0, 100));
  for (const std::string* text : {&function.parameters, &function.body, &function.folder, &function.docstring})
    if (text->size() > 1'048'576 || !utf8::valid(*text))
      return fail(ErrorKind::invalid_input, "the texts of a function have at most 1 MiB of UTF-8 each");
  auto writing = TRY(database_.write());
  const bool there = TRY(writing.integer("SELECT 1 FROM functions WHERE name = ?", function.name)).has_value();
  if (there && if_there == IfThere::keep) return false;
  if (there && if_there == IfThere::refuse)
    return fail(ErrorKind::conflict, "there is a function '{}' already", function.name);
  if (!there && TRY(writing.integer("SELECT count(*) FROM functions")).value_or(0) >= 5000)
    return fail(ErrorKind::exhausted, "5,000 functions are all that one workspace may keep");
  TRY(writing.run(
      "INSERT INTO functions (name, parameters, body, folder, docstring, is_view, created_at, created_by, changed_at, "
      "changed_by) "
      "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?7,?8) ON CONFLICT (name) DO UPDATE SET "
      "parameters = ?2, body = ?3, folder = ?4, docstring = ?5, is_view = ?6, changed_at = ?7, changed_by = ?8",
      function.name, function.parameters, function.body, function.folder, function.docstring, function.is_view,
      clock_(), actor.name));
  TRY(append_audit(writing, {.at_ticks = clock_(),
                             .actor = actor,
                             .action = "function.put",
                             .target = function.name,
                             .detail = there ? "changed" : "made"}));
  TRY(writing.commit());
  return true;
}

Result<> Functions::remove(std::string_view name, const Actor& actor) {
  auto writing = TRY(database_.write());
  if (TRY(writing.run("DELETE FROM functions WHERE name = ?", name)) == 0)
    return fail(ErrorKind::not_found, "there is no function '{}' that was made here", name.substr(0, 256));
  TRY(append_audit(writing,
                   {.at_ticks = clock_(), .actor = actor, .action = "function.delete", .target = std::string(name)}));
  return writing.commit();
}

}  // namespace yagura::control
