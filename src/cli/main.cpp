#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>

#include "cli/command.hpp"

int main(int argc, char** argv) {
  // A peer that closes its end gives EPIPE where we write, not a signal that ends the program.
  std::signal(SIGPIPE, SIG_IGN);
  std::ios::sync_with_stdio(false);
  const bool out_is_terminal = ::isatty(STDOUT_FILENO) == 1;
  const bool err_is_terminal = ::isatty(STDERR_FILENO) == 1;
  yagura::cli::Console console{std::cin, std::cout, std::cerr, out_is_terminal, err_is_terminal,
                               out_is_terminal && std::getenv("NO_COLOR") == nullptr};
  const int code = yagura::cli::run(argc, argv, console);
  std::cout.flush();
  return code;
}
