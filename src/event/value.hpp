// One field's value: a small tagged view (16 bytes) into a batch's arena. Trivially copyable.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/annotations.hpp"

namespace yagura::event {

class Value;
struct Member;  // of an object: name and value

class Value {
 public:
  enum class Kind : std::uint8_t { null, boolean, int64, real, string, list, object };

  constexpr Value() : bits_{.integer = 0} {}
  static constexpr Value null() { return {}; }
  static constexpr Value boolean(bool value) { Value v(Kind::boolean); v.bits_.integer = value; return v; }
  static constexpr Value int64(std::int64_t value) { Value v(Kind::int64); v.bits_.integer = value; return v; }
  static constexpr Value real(double value) { Value v(Kind::real); v.bits_.real = value; return v; }
  // `text` must outlive the Value: copy it into the batch's arena first when in doubt.
  static constexpr Value string(std::string_view text YAGURA_LIFETIMEBOUND) {
    Value v(Kind::string);
    v.bits_.text = text.data();
    v.size_ = static_cast<std::uint32_t>(text.size());
    return v;
  }
  static Value list(std::span<const Value> items YAGURA_LIFETIMEBOUND);
  static Value object(std::span<const Member> members YAGURA_LIFETIMEBOUND);

  constexpr Kind kind() const { return kind_; }
  constexpr bool is_null() const { return kind_ == Kind::null; }
  constexpr bool is_string() const { return kind_ == Kind::string; }
  // Each accessor wants its own kind; anything else is a bug (asserted) and gives a zero value.
  constexpr bool as_boolean() const { return kind_ == Kind::boolean && bits_.integer != 0; }
  constexpr std::int64_t as_int64() const { return kind_ == Kind::int64 ? bits_.integer : 0; }
  constexpr double as_real() const { return kind_ == Kind::real ? bits_.real : 0; }
  constexpr std::string_view as_string() const {
    return kind_ == Kind::string ? std::string_view(bits_.text, size_) : std::string_view();
  }
  std::span<const Value> as_list() const;
  std::span<const Member> as_object() const;

  // By content; int64 1 and real 1.0 differ; objects are compared in order.
  friend bool operator==(const Value& a, const Value& b);

 private:
  constexpr explicit Value(Kind kind) : bits_{.integer = 0}, kind_(kind) {}
  union {
    std::int64_t integer;
    double real;
    const char* text;
    const Value* items;
    const Member* members;
  } bits_;
  std::uint32_t size_ = 0;
  Kind kind_ = Kind::null;
};
static_assert(sizeof(Value) == 16);

struct Member {
  std::string_view name;
  Value value;
  friend bool operator==(const Member&, const Member&) = default;
};

// The value as JSON text.
void append_json(std::string& out, const Value& value);
// The value as plain text: a string itself, a number's or bool's text, JSON for lists and objects, "" for null.
void append_text(std::string& out, const Value& value);

}  // namespace yagura::event
