// Columns that are found while files are read, and cells that are written into them. Private to the room.
#pragma once
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "event/table_batch.hpp"
#include "files/type_guess.hpp"

namespace yagura::files {

// Names of columns in the order they were first seen; a type that was given stands.
class ColumnFinder {
 public:
  explicit ColumnFinder(const std::vector<event::ColumnSchema>& given);
  // The place of a column, made when it is new; nullopt when there are too many. `expected`: where it is probably.
  std::optional<std::size_t> find(std::string_view name, std::size_t expected);
  TypeGuess& guess(std::size_t column) { return guesses_[column]; }
  bool is_given(std::size_t column) const { return given_[column]; }
  event::TableSchema schema(std::string name) const;
  std::size_t size() const { return names_.size(); }

 private:
  static constexpr std::size_t kMostColumns = 4096;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::vector<std::string> names_;
  std::vector<TypeGuess> guesses_;
  std::vector<bool> given_;
  std::vector<event::KqlType> types_;
  std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> places_;
};

// A text as a value of the column's type; null when it is none. `text` must live as long as the batch.
void append_text_as(event::Column& column, std::string_view text, Arena& arena);

}  // namespace yagura::files
