#include "sigma/pattern.hpp"

#include <array>

#include "base/text.hpp"
#include "sigma/case_fold.hpp"

namespace yagura::sigma {

namespace {

// Hyphen-minus, slash, en dash, em dash, horizontal bar.
constexpr std::array<std::string_view, 5> kDashes = {"-", "/", "\xE2\x80\x93", "\xE2\x80\x94", "\xE2\x80\x95"};

bool is_word(char32_t c) {
  if (c < 0x80) return is_ascii_alpha(static_cast<char>(c)) || is_ascii_digit(static_cast<char>(c)) || c == '_';
  return c >= 0xAA && !(c >= 0x2000 && c <= 0x206F) && !(c >= 0x3000 && c <= 0x3004) && c != 0xFFFD && c != 0xAB &&
         c != 0xBB && c != 0xD7 && c != 0xF7;
}

// One character: a code point, or a byte that is not UTF-8.
std::size_t character_length(std::string_view text) {
  std::size_t at = 0;
  utf8::next(text, at);
  return at;
}

}  // namespace

std::size_t dash_length(std::string_view text) {
  for (const auto dash : kDashes)
    if (text.starts_with(dash)) return dash.size();
  return 0;
}

Pattern Pattern::parse(std::string_view spelling) {
  Pattern pattern;
  std::string text;
  const auto flush = [&] {
    if (!text.empty()) pattern.append({Piece::text, std::move(text)});
    text.clear();
  };
  for (std::size_t i = 0; i < spelling.size(); ++i) {
    const char c = spelling[i];
    if (c == '\\' && i + 1 < spelling.size() &&
        (spelling[i + 1] == '*' || spelling[i + 1] == '?' || spelling[i + 1] == '\\')) {
      text += spelling[++i];
    } else if (c == '*' || c == '?') {
      flush();
      pattern.append({c == '*' ? Piece::any_text : Piece::any_character, {}});
    } else {
      text += c;
    }
  }
  flush();
  return pattern;
}

Pattern Pattern::literal(std::string bytes) {
  Pattern pattern;
  if (!bytes.empty()) pattern.parts_.push_back({Piece::text, std::move(bytes)});
  return pattern;
}

bool Pattern::has_wildcards() const {
  return std::ranges::any_of(parts_, [](const Part& part) { return part.piece != Piece::text; });
}

std::optional<std::string> Pattern::plain_text() const {
  if (has_wildcards()) return std::nullopt;
  return parts_.empty() ? std::string() : parts_.front().text;
}

void Pattern::append(Part part) {
  if (part.piece == Piece::text) return append_text(part.text);
  if (part.piece == Piece::any_text && !parts_.empty() && parts_.back().piece == Piece::any_text) return;
  parts_.push_back(std::move(part));
}

void Pattern::append_text(std::string_view text) {
  if (text.empty()) return;
  if (!parts_.empty() && parts_.back().piece == Piece::text)
    parts_.back().text += text;
  else
    parts_.push_back({Piece::text, std::string(text)});
}

void Pattern::append_pattern(const Pattern& other) {
  for (const auto& part : other.parts_) append(part);
}

void Pattern::open_front() {
  if (parts_.empty() || parts_.front().piece != Piece::any_text) parts_.insert(parts_.begin(), {Piece::any_text, {}});
}
void Pattern::open_back() {
  if (parts_.empty() || parts_.back().piece != Piece::any_text) parts_.push_back({Piece::any_text, {}});
}

void Pattern::loosen_dashes() {
  Pattern loosened;
  for (const auto& part : parts_) {
    if (part.piece != Piece::text) {
      loosened.append(part);
      continue;
    }
    const std::string_view text = part.text;
    bool after_word = false;
    std::size_t from = 0;
    for (std::size_t i = 0; i < text.size();) {
      const std::size_t dash = dash_length(text.substr(i));
      if (dash != 0 && !after_word && i + dash < text.size()) {
        std::size_t behind = i + dash;
        if (is_word(utf8::next(text, behind))) {
          loosened.append_text(text.substr(from, i - from));
          loosened.append({Piece::dash, {}});
          i += dash;
          from = i;
          after_word = false;
          continue;
        }
      }
      after_word = is_word(utf8::next(text, i));
    }
    loosened.append_text(text.substr(from));
  }
  *this = std::move(loosened);
}

std::optional<std::vector<Pattern>> Pattern::spelled_out_dashes(std::size_t limit) const {
  std::vector<Pattern> all(1);
  for (const auto& part : parts_) {
    if (part.piece != Piece::dash) {
      for (auto& pattern : all) pattern.append(part);
      continue;
    }
    if (all.size() * kDashes.size() > limit) return std::nullopt;
    std::vector<Pattern> more;
    for (const auto& pattern : all)
      for (const auto dash : kDashes) {
        more.push_back(pattern);
        more.back().append_text(dash);
      }
    all = std::move(more);
  }
  return all;
}

Pattern Pattern::folded() const {
  Pattern result = *this;
  for (auto& part : result.parts_)
    if (part.piece == Piece::text) part.text = sigma::folded(part.text);
  return result;
}

std::string Pattern::to_text() const {
  std::string out;
  for (std::size_t p = 0; p < parts_.size(); ++p) {
    switch (parts_[p].piece) {
      case Piece::any_text: out += '*'; break;
      case Piece::any_character: out += '?'; break;
      case Piece::dash: out += '-'; break;
      case Piece::text: {
        const auto& text = parts_[p].text;
        for (std::size_t i = 0; i < text.size(); ++i) {
          const char c = text[i];
          if (c == '*' || c == '?') {
            out += '\\';
          } else if (c == '\\') {
            // A single backslash reads as itself unless it would escape what comes next.
            const bool last = i + 1 == text.size();
            if (last ? p + 1 < parts_.size() : (text[i + 1] == '\\' || text[i + 1] == '*' || text[i + 1] == '?'))
              out += '\\';
          }
          out += c;
        }
      }
    }
  }
  return out;
}

bool Pattern::matches(std::string_view text) const {
  // The usual greedy walk: on a mismatch go back to the last `*` and let it take one byte more.
  std::size_t part = 0, at = 0;
  std::size_t star = parts_.size(), star_at = 0;
  for (;;) {
    bool advanced = false;
    if (part < parts_.size()) {
      switch (parts_[part].piece) {
        case Piece::any_text:
          if (part + 1 == parts_.size()) return true;
          star = part++;
          star_at = at;
          continue;
        case Piece::text:
          if (text.substr(at).starts_with(parts_[part].text)) {
            at += parts_[part++].text.size();
            advanced = true;
          }
          break;
        case Piece::any_character:
          if (at < text.size()) {
            at += character_length(text.substr(at));
            ++part;
            advanced = true;
          }
          break;
        case Piece::dash:
          if (const auto length = dash_length(text.substr(at))) {
            at += length;
            ++part;
            advanced = true;
          }
          break;
      }
    } else if (at == text.size()) {
      return true;
    }
    if (advanced) continue;
    if (star == parts_.size() || star_at >= text.size()) return false;
    const auto& after = parts_[star + 1];
    if (after.piece == Piece::text) {
      const auto found = text.find(after.text, star_at + 1);
      if (found == std::string_view::npos) return false;
      star_at = found;
    } else {
      star_at += character_length(text.substr(star_at));
    }
    part = star + 1;
    at = star_at;
  }
}

}  // namespace yagura::sigma
