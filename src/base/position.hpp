// Where an entry stands in the journal: a number that grows by one with each entry, never reused. 0 is none.
#pragma once
#include "base/strong_id.hpp"

namespace yagura {
struct PositionTag;
using Position = Id<PositionTag, std::uint64_t>;
}  // namespace yagura
