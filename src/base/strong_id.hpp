// Numbers that name things and must not be mixed: struct RuleTag; using RuleId = Id<RuleTag>;
#pragma once
#include <compare>
#include <cstdint>
#include <functional>

namespace yagura {

template <class Tag, class Number = std::uint32_t>
class Id {
 public:
  using number_type = Number;
  constexpr Id() = default;
  constexpr explicit Id(Number number) : number_(number) {}
  constexpr Number number() const { return number_; }
  constexpr auto operator<=>(const Id&) const = default;

 private:
  Number number_ = 0;
};

}  // namespace yagura

template <class Tag, class Number>
struct std::hash<yagura::Id<Tag, Number>> {
  std::size_t operator()(const yagura::Id<Tag, Number>& id) const noexcept { return std::hash<Number>()(id.number()); }
};
