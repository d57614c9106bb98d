// What `yagura engine` does: serve the store until SIGTERM, SIGINT or the end of the supervisor.
#pragma once
#include "engine/engine_options.hpp"

namespace yagura::engine {

// Blocks; gives the exit status. Call it from main, before other threads: it blocks signals for all of them.
// `lifeline`: a descriptor whose end means that the supervisor has gone; -1 for none.
int run_engine(const EngineOptions& options, int lifeline = -1);

// For the supervisor's child: the options are the first line of standard input, the rest of it is the lifeline.
int run_engine_from_stdin();

}  // namespace yagura::engine
