#include "journal/verify.hpp"
namespace yagura::journal {
Result<VerifyReport> verify(const std::filesystem::path&, const VerifyOptions&) { return VerifyReport{}; }
}  // namespace yagura::journal
