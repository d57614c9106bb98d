// How a field name of a rule finds its values in an event, and what their text is. Shared by the compiled matcher and
// the plain evaluator.
//
// `a.b.c` means the field of that very name, or else member c of member b of the object in field a (or b.c, or ...).
// A list stands for its elements, on the way and at the end; nested lists are flattened.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "event/record.hpp"
#include "sigma/rule.hpp"

namespace yagura::sigma {

// Deeper values are as if they were not there.
inline constexpr int kMaxValueDepth = 64;

// Appends the leaves of a value: itself, or the elements of a list.
void append_leaves(const event::Value& value, std::vector<event::Value>& leaves, int depth = 0);
// Appends the leaves at `path` below an object or a list of them; false when there is no such member.
bool append_path(const event::Value& value, std::string_view path, std::vector<event::Value>& leaves, int depth = 0);
// Of a whole record, by name; false when the field is not there.
bool append_field(const event::Record& record, std::string_view name, std::vector<event::Value>& leaves);
// Every value that keywords are looked for in.
void append_everything(const event::Record& record, std::vector<event::Value>& leaves);

inline constexpr std::size_t kNumberTextSize = 40;
// The text that rules see: a string itself, a number in decimal (1.0 as "1"), true or false. nullopt for null, objects
// and lists. `buffer` holds a number's text.
std::optional<std::string_view> leaf_text(const event::Value& value, char (&buffer)[kNumberTextSize]);
std::optional<Number> leaf_number(const event::Value& value);
// A part of the date that the text is, as written: its time zone is not looked at.
std::optional<std::int64_t> time_part(std::string_view text, TimePart part);

bool holds(Comparison comparison, int order);  // order: -1, 0, 1

}  // namespace yagura::sigma
