#include "testing/engine_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "base/json_writer.hpp"
#include "testing/case_files.hpp"

namespace yagura::testing {

namespace fs = std::filesystem;

fs::path engine_library(std::string& why_not) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  why_not = "libchdb cannot be loaded under ASan or TSan";
  return {};
#endif
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  why_not = "libchdb cannot be loaded under ASan or TSan";
  return {};
#endif
#endif
  const char* named = std::getenv("YAGURA_ENGINE_LIBRARY");
  const fs::path library = named != nullptr && *named != '\0' ? fs::path(named) : project_root() / ".cache/engine/libchdb.so";
  std::error_code ignored;
  if (fs::is_regular_file(library, ignored)) return library;
  why_not = library.string() + " is not there";
  return {};
}

std::unique_ptr<EngineProcess> EngineProcess::start(std::string& why_not, const fs::path& data) {
  if (engine_library(why_not).empty()) return nullptr;
  std::error_code ignored;
  const fs::path folder = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  std::unique_ptr<EngineProcess> process(new EngineProcess);
  for (const char* name : {"engine_test", "yagura"})
    if (process->program_.empty() && fs::exists(folder / name, ignored)) process->program_ = folder / name;
  if (process->program_.empty()) {
    why_not = "neither engine_test nor yagura is built in " + folder.string();
    return nullptr;
  }
  process->data_ = data.empty() ? process->temporary_.path() / "data" : data;
  if (process->run()) return process;
  why_not = "the engine did not start";
  return nullptr;
}

fs::path EngineProcess::socket() const { return temporary_.path() / "engine.sock"; }

bool EngineProcess::run() {
  std::string why_not, options;
  JsonWriter json(options);
  json.begin_object();
  json.key("data").text(data_.string());
  json.key("library").text(engine_library(why_not).string());
  json.key("unix_socket").text(socket().string());
  json.key("secret").text(secret_);
  json.key("max_memory").number(std::int64_t{4} << 30);
  json.end_object();
  options += '\n';
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  input_ = FileDescriptor(ends[1]);
  const FileDescriptor read_end(ends[0]);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(read_end.get(), STDIN_FILENO);
    ::execl(program_.c_str(), "yagura", "engine", "--options-from-stdin", nullptr);
    ::_exit(127);
  }
  if (pid_ < 0 || !write_all(input_.get(), options)) return false;
  for (int i = 0; i < 3000; ++i) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = 0;
      return false;
    }
    const FileDescriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = socket().string();
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

void EngineProcess::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

bool EngineProcess::restart() {
  kill();
  return run();
}

EngineProcess::~EngineProcess() { kill(); }

}  // namespace yagura::testing
