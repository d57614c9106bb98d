#include "normalise/fast_regex.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <cstring>

namespace yagura::normalise {

namespace {

// Real messages take some hundred steps; RE2 takes over at about the time that it needs itself.
constexpr std::uint32_t kMaxSteps = 10'000;
constexpr std::uint32_t kMostGroups = 64;

struct MatchState {
  pcre2_match_data* data = pcre2_match_data_create(kMostGroups, nullptr);
  pcre2_match_context* context = pcre2_match_context_create(nullptr);
  MatchState() {
    if (context != nullptr) pcre2_set_match_limit(context, kMaxSteps);
  }
  ~MatchState() {
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
  }
};

MatchState& state_of_this_thread() {
  thread_local MatchState state;
  return state;
}

}  // namespace

struct FastRegex::Program {
  pcre2_code* code = nullptr;
  ~Program() { pcre2_code_free(code); }
};

FastRegex::FastRegex(std::string pattern) : pattern_(std::move(pattern)) {}
FastRegex::~FastRegex() = default;

FastRegex::Answer FastRegex::match(std::string_view text, std::string_view* out, std::size_t count) const {
  std::call_once(compiled_, [&] {
    int error = 0;
    PCRE2_SIZE at = 0;
    auto program = std::make_unique<Program>();
    program->code =
        pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern_.data()), pattern_.size(),
                      PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP, &error, &at, nullptr);
    if (program->code != nullptr && pcre2_jit_compile(program->code, PCRE2_JIT_COMPLETE) == 0)
      program_ = std::move(program);
    pattern_ = {};
  });
  if (program_ == nullptr || count >= kMostGroups || text.empty() ||
      std::memchr(text.data(), '\v', text.size()) != nullptr)
    return Answer::unknown;
  auto& state = state_of_this_thread();
  if (state.data == nullptr || state.context == nullptr) return Answer::unknown;
  const int found = pcre2_jit_match(program_->code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, 0,
                                    state.data, state.context);
  if (found == PCRE2_ERROR_NOMATCH) return Answer::no;
  if (found <= 0) return Answer::unknown;
  const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(state.data);
  for (std::size_t i = 1; i <= count; ++i) {
    const bool set = i < static_cast<std::size_t>(found) && ends[2 * i] != PCRE2_UNSET;
    out[i - 1] = set ? text.substr(ends[2 * i], ends[2 * i + 1] - ends[2 * i]) : std::string_view();
  }
  return Answer::yes;
}

}  // namespace yagura::normalise
