// The suites that look at log lines of devices and of Linux.
#pragma once
#include <filesystem>
#include <string_view>

#include "devices_compare.hpp"
#include "event/record.hpp"
#include "normalise/pack.hpp"

namespace yagura::conformance {

// Everything that is known of a record under the names that the cases use.
Found fields_of(const event::Record& record);

int run_devices(const std::filesystem::path& cases, const std::filesystem::path& failures, std::string_view only,
                const normalise::PackSet& packs, bool dump);
int run_linux(const std::filesystem::path& cases, const std::filesystem::path& failures, std::string_view only,
              const normalise::PackSet& packs);

}  // namespace yagura::conformance
