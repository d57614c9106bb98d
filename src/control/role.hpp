// Who may do what: roles as Sentinel has them (Reader, Responder, Contributor) plus Admin, and one table that says
// what each may.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace yagura::control {

enum class Role : std::uint8_t { reader, responder, contributor, admin };

std::string_view to_string(Role role);                  // "Reader" ...
std::optional<Role> parse_role(std::string_view name);  // any case

enum class Permission : std::uint8_t {
  query,          // run queries, live tail, see schemas, rules and alerts
  status,         // health, sources, metrics
  respond,        // change alerts and incidents
  edit_rules,     // switch rules on and off, change them
  edit_tables,    // make custom tables
  share_queries,  // saved queries that everybody sees
  ingest,         // push events over HTTP
  manage_users,   // users and everybody's tokens
  read_audit,     // the audit log
};
inline constexpr int kPermissionCount = 9;

std::string_view to_string(Permission permission);  // "query", "edit_rules" ...
std::optional<Permission> parse_permission(std::string_view name);

// A set of permissions; a plain value.
class Permissions {
 public:
  constexpr Permissions() = default;
  constexpr Permissions(std::initializer_list<Permission> list) {
    for (const Permission permission : list) bits_ |= bit(permission);
  }
  constexpr bool has(Permission permission) const { return (bits_ & bit(permission)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr void add(Permission permission) { bits_ |= bit(permission); }
  friend constexpr Permissions operator&(Permissions a, Permissions b) {
    a.bits_ &= b.bits_;
    return a;
  }
  friend constexpr bool operator==(Permissions, Permissions) = default;

 private:
  static constexpr std::uint32_t bit(Permission permission) { return 1U << static_cast<unsigned>(permission); }
  std::uint32_t bits_ = 0;
};

Permissions permissions_of(Role role);

// "query,ingest" and back; "" is the empty set, which for a token means "all of its role".
std::string to_text(Permissions permissions);
Result<Permissions> parse_permissions(std::string_view text);

}  // namespace yagura::control
