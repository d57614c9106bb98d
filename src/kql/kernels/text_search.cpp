// Kernels of the text operators: has, contains, startswith, matches regex ... and their negations.
//
// has looks for a term: a place where the text occurs and is not part of a longer run of ASCII letters, digits
// and characters beyond ASCII.
#include "base/text.hpp"
#include "kql/function.hpp"
#include "kql/kernels/conversion.hpp"
#include "kql/kernels/fold_case.hpp"
#include "kql/kernels/json.hpp"
#include "kql/kernels/regex_cache.hpp"

namespace yagura::kql {
namespace {

// Characters beyond ASCII are parts of words, as the store's word index has it.
bool is_word(char c) { return is_ascii_alpha(c) || is_ascii_digit(c) || static_cast<unsigned char>(c) >= 0x80; }

// `term` is folded already unless cs.
bool has_term(std::string_view text, std::string_view term, bool cs, bool before, bool after) {
  if (term.empty()) return true;
  for (std::size_t from = 0;;) {
    const auto at = cs ? text.find(term, from) : find_folded(text, term, from);
    if (at == std::string_view::npos) return false;
    const auto end = at + term.size();
    const bool begins = !before || !is_word(term.front()) || at == 0 || !is_word(text[at - 1]);
    const bool ends = !after || !is_word(term.back()) || end >= text.size() || !is_word(text[end]);
    if (begins && ends) return true;
    from = at + 1;
  }
}

// Needles that ignore case are folded once where they are constant.
class Needle {
 public:
  Needle(const KernelCall& call, std::size_t i, bool cs) : call_(call), i_(i), cs_(cs) {}
  std::string_view at(std::size_t row) {
    if (have_ && call_[i_].is_constant()) return folded_;
    const auto text = text_of(call_[i_], row, call_.arena);
    if (cs_) return text;
    folded_ = fold_case(text);
    have_ = true;
    return folded_;
  }

 private:
  const KernelCall& call_;
  std::size_t i_;
  bool cs_;
  bool have_ = false;
  std::string folded_;
};

template <class Test>
void search(KernelCall& call, bool negated, bool cs, Test test) {
  Needle needle(call, 1, cs);
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto text = text_of(call[0], row, call.arena);
    call.put(test(text, needle.at(row)) != negated);
  }
}

template <bool negated, bool cs, bool before, bool after>
void term(KernelCall& call) {
  search(call, negated, cs,
         [](std::string_view text, std::string_view what) { return has_term(text, what, cs, before, after); });
}
template <bool negated, bool cs>
void contains(KernelCall& call) {
  search(call, negated, cs, [](std::string_view text, std::string_view what) {
    return (cs ? text.find(what) : find_folded(text, what)) != std::string_view::npos;
  });
}
template <bool negated, bool cs>
void starts(KernelCall& call) {
  search(call, negated, cs, [](std::string_view text, std::string_view what) {
    if (cs) return text.starts_with(what);
    return text.size() >= what.size() && find_folded(text.substr(0, what.size()), what) == 0
               ? true
               : fold_case(text).starts_with(what);
  });
}
template <bool negated, bool cs>
void ends(KernelCall& call) {
  search(call, negated, cs, [](std::string_view text, std::string_view what) {
    return cs ? text.ends_with(what) : fold_case(text).ends_with(what);
  });
}
template <bool negated>
void equal(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    call.put(equal_folded(text_of(call[0], row, call.arena), text_of(call[1], row, call.arena)) != negated);
  }
}

void matches(KernelCall& call) {
  RowRegex regex(call, 1);
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto text = text_of(call[0], row, call.arena);
    const auto* re = regex.at(row);
    call.put(re != nullptr && re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *re));
  }
}

// * and % stand for any run of characters, _ for one.
bool fits(std::string_view text, std::string_view pattern) {
  std::size_t t = 0, p = 0, star = std::string_view::npos, retry = 0;
  const auto step = [&](std::size_t at) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
    return at;
  };
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '*' || pattern[p] == '%')) {
      star = p++;
      retry = t;
    } else if (p < pattern.size() && (pattern[p] == '_' || pattern[p] == text[t])) {
      t = pattern[p] == '_' ? step(t) : t + 1;
      ++p;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && (pattern[p] == '*' || pattern[p] == '%')) ++p;
  return p == pattern.size();
}
template <bool negated, bool cs>
void like(KernelCall& call) {
  search(call, negated, cs, [](std::string_view text, std::string_view pattern) {
    return cs ? fits(text, pattern) : fits(fold_case(text), pattern);
  });
}

template <bool all>
void several(KernelCall& call) {
  std::vector<Needle> needles;
  needles.reserve(call.size());
  for (std::size_t i = 0; i < call.size(); ++i) needles.emplace_back(call, i, false);
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto text = text_of(call[0], row, call.arena);
    bool result = all;
    for (std::size_t i = 1; i < call.size() && result == all; ++i) {
      const auto test = [&](std::string_view folded) {
        if (result == all && has_term(text, folded, false, true, true) != all) result = !all;
      };
      if (call[i].type() != Type::dynamic) {
        test(needles[i].at(row));
      } else if (!call[i].is_null(row) && json::is_array(call[i].text(row))) {
        json::for_each_element(call[i].text(row),
                               [&](std::string_view item) { test(fold_case(text_of_json(item, call.arena))); });
      } else {
        test(fold_case(text_of(call[i], row, call.arena)));
      }
    }
    call.put(result);
  }
}

void any_index(KernelCall& call) {
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto text = text_of(call[0], row, call.arena);
    std::int64_t at = 0, found = -1;
    if (!call[1].is_null(row) && json::is_array(call[1].text(row))) {
      json::for_each_element(call[1].text(row), [&](std::string_view item) {
        if (found < 0 && has_term(text, fold_case(text_of_json(item, call.arena)), false, true, true)) found = at;
        ++at;
      });
    }
    call.put(found);
  }
}

constexpr Kernel kKernels[] = {
    {"has", term<false, false, true, true>},
    {"!has", term<true, false, true, true>},
    {"has_cs", term<false, true, true, true>},
    {"!has_cs", term<true, true, true, true>},
    {"hasprefix", term<false, false, true, false>},
    {"!hasprefix", term<true, false, true, false>},
    {"hasprefix_cs", term<false, true, true, false>},
    {"!hasprefix_cs", term<true, true, true, false>},
    {"hassuffix", term<false, false, false, true>},
    {"!hassuffix", term<true, false, false, true>},
    {"hassuffix_cs", term<false, true, false, true>},
    {"!hassuffix_cs", term<true, true, false, true>},
    {"contains", contains<false, false>},
    {"!contains", contains<true, false>},
    {"contains_cs", contains<false, true>},
    {"!contains_cs", contains<true, true>},
    {"startswith", starts<false, false>},
    {"!startswith", starts<true, false>},
    {"startswith_cs", starts<false, true>},
    {"!startswith_cs", starts<true, true>},
    {"endswith", ends<false, false>},
    {"!endswith", ends<true, false>},
    {"endswith_cs", ends<false, true>},
    {"!endswith_cs", ends<true, true>},
    {"=~", equal<false>},
    {"!~", equal<true>},
    {"matches regex", matches, prepare_regex<1>},
    {"like", like<false, false>},
    {"notlike", like<true, false>},
    {"likecs", like<false, true>},
    {"notlikecs", like<true, true>},
    {"has_any", several<false>},
    {"has_all", several<true>},
    {"has_any_index", any_index},
};

}  // namespace

std::span<const Kernel> text_search_kernels() { return kKernels; }

}  // namespace yagura::kql
