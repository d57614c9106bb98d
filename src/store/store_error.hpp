// What ClickHouse answers when something is wrong, as an Error with the right kind.
#pragma once
#include <optional>
#include <string_view>

#include "base/result.hpp"

namespace yagura::store {

// `text`: "Code: 60. DB::Exception: ... (UNKNOWN_TABLE)"; `status` of the HTTP answer, for texts without a code.
Error error_of(std::string_view text, int status);
// The exception within a result that had begun: after __exception__ and the tag, or bare as older servers write it.
std::optional<Error> error_within(std::string_view bytes, std::string_view tag);

}  // namespace yagura::store
