// Names of fields, interned: comparing two FieldIds is comparing two numbers.
//
// Names from code, packs and rules are interned without limit (they are ours). Names from foreign bytes
// (JSON keys) go through field_of_foreign_name(), which stops making new ids at 262,144 names, so a sender
// cannot grow our memory for ever; the field then has the id FieldId::unlisted and is found by its name.
#pragma once
#include <cstdint>
#include <string_view>

namespace yagura::event {

class FieldId {
 public:
  constexpr FieldId() = default;
  static constexpr FieldId from_number(std::uint32_t number) { FieldId id; id.number_ = number; return id; }
  constexpr std::uint32_t number() const { return number_; }
  constexpr bool is_listed() const { return number_ != 0; }
  constexpr bool operator==(const FieldId&) const = default;
  constexpr auto operator<=>(const FieldId&) const = default;

 private:
  std::uint32_t number_ = 0;  // 0: unlisted
};

// Any thread. The name is copied once and lives as long as the program. Case-sensitive.
FieldId intern_field(std::string_view name);
FieldId field_of_foreign_name(std::string_view name);
// The interned name; valid for ever. "" for an unlisted id.
std::string_view name_of(FieldId id);

}  // namespace yagura::event
