#include "control/role.hpp"

#include <array>
#include <vector>

#include "base/text.hpp"

namespace yagura::control {

namespace {

constexpr std::array<std::string_view, 4> kRoleNames{"Reader", "Responder", "Contributor", "Admin"};

// The one place that says who may do what: for each permission its name and the least role that has it.
struct PermissionRow {
  Permission permission;
  std::string_view name;
  Role least;
};
constexpr std::array<PermissionRow, kPermissionCount> kTable{{
    {Permission::query, "query", Role::reader},
    {Permission::status, "status", Role::reader},
    {Permission::respond, "respond", Role::responder},
    {Permission::edit_rules, "edit_rules", Role::contributor},
    {Permission::edit_tables, "edit_tables", Role::contributor},
    {Permission::share_queries, "share_queries", Role::contributor},
    {Permission::ingest, "ingest", Role::contributor},
    {Permission::manage_users, "manage_users", Role::admin},
    {Permission::read_audit, "read_audit", Role::admin},
}};

}  // namespace

std::string_view to_string(Role role) { return kRoleNames[static_cast<std::size_t>(role)]; }

std::optional<Role> parse_role(std::string_view name) {
  for (std::size_t i = 0; i < kRoleNames.size(); ++i)
    if (equal_ignoring_ascii_case(name, kRoleNames[i])) return static_cast<Role>(i);
  return std::nullopt;
}

std::string_view to_string(Permission permission) { return kTable[static_cast<std::size_t>(permission)].name; }

std::optional<Permission> parse_permission(std::string_view name) {
  for (const PermissionRow& row : kTable)
    if (row.name == name) return row.permission;
  return std::nullopt;
}

Permissions permissions_of(Role role) {
  Permissions permissions;
  for (const PermissionRow& row : kTable)
    if (role >= row.least) permissions.add(row.permission);
  return permissions;
}

std::string to_text(Permissions permissions) {
  std::string text;
  for (const PermissionRow& row : kTable) {
    if (!permissions.has(row.permission)) continue;
    if (!text.empty()) text += ',';
    text += row.name;
  }
  return text;
}

Result<Permissions> parse_permissions(std::string_view text) {
  Permissions permissions;
  if (trim(text).empty()) return permissions;
  for (const std::string_view part : split(text, ',')) {
    const auto permission = parse_permission(trim(part));
    if (!permission) {
      std::vector<std::string_view> names;
      for (const PermissionRow& row : kTable) names.push_back(row.name);
      return fail(ErrorKind::invalid_input, "unknown permission '{}'{}", trim(part), did_you_mean(trim(part), names));
    }
    permissions.add(*permission);
  }
  return permissions;
}

}  // namespace yagura::control
