// A real engine for tests: the child process `engine` of this build, on a folder of its own.
//
// There is none under ASan and TSan (libchdb crashes at load), without libchdb.so, or before engine_test or yagura is
// built: start() then says why, and the test skips.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/file.hpp"

namespace yagura::testing {

class EngineProcess {
 public:
  // nullptr with the reason in `why_not`.
  static std::unique_ptr<EngineProcess> start(std::string& why_not, const std::filesystem::path& data = {});
  ~EngineProcess();
  std::filesystem::path socket() const;
  const std::string& secret() const { return secret_; }
  int pid() const { return pid_; }
  void kill();     // SIGKILL, waits for its end
  bool restart();  // on the same folder; true when it answers

 private:
  EngineProcess() = default;
  bool run();
  TemporaryDirectory temporary_;
  std::filesystem::path data_, program_;
  std::string secret_ = "test-secret";
  int pid_ = 0;
  FileDescriptor input_;
};

// The engine's library for tests; "" when there is none or this build cannot load it.
std::filesystem::path engine_library(std::string& why_not);

}  // namespace yagura::testing
