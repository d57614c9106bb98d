// Sigma's strings: text with the wildcards * (any text) and ? (any one character), backslash escapes.
//
// https://github.com/SigmaHQ/sigma-specification, "String Wildcard" and "Escape Character". A third wildcard has no
// spelling: `dash` stands for one of the five characters that the windash modifier takes for each other.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace yagura::sigma {

class Pattern {
 public:
  enum class Piece : std::uint8_t { text, any_text, any_character, dash };
  struct Part {
    Piece piece = Piece::text;
    std::string text;  // of Piece::text
    friend bool operator==(const Part&, const Part&) = default;
  };

  Pattern() = default;
  // The spelling in a rule: `\*`, `\?` and `\\` stand for the character; any other backslash for itself.
  static Pattern parse(std::string_view spelling);
  // These very bytes.
  static Pattern literal(std::string bytes);

  const std::vector<Part>& parts() const { return parts_; }
  bool has_wildcards() const;
  // The text of a pattern without wildcards.
  std::optional<std::string> plain_text() const;

  void append(Part part);
  void append_text(std::string_view text);
  void append_pattern(const Pattern& other);
  // `*` in front, unless it is there already; and behind.
  void open_front();
  void open_back();
  // Every - / – — ― that begins an option (word behind it, none before it) becomes a Piece::dash.
  void loosen_dashes();
  // All spellings of a pattern with dashes, as patterns without; at most `limit`, nullopt when there are more.
  std::optional<std::vector<Pattern>> spelled_out_dashes(std::size_t limit) const;
  Pattern folded() const;

  // A spelling that parse() reads back as the same pattern; dashes as '-'.
  std::string to_text() const;
  // Whether the whole of `text` is what the pattern describes. Folding is the caller's.
  // Time is bounded by parts * text: `*` never backtracks over an earlier `*`.
  bool matches(std::string_view text) const;

  friend bool operator==(const Pattern&, const Pattern&) = default;

 private:
  std::vector<Part> parts_;
};

// The length of the dash character at the front of `text`, 0 when there is none.
std::size_t dash_length(std::string_view text);

}  // namespace yagura::sigma
