// Compiler-checked promises; they mean something to clang and nothing to GCC.
#pragma once

#if defined(__clang__)
#define YAGURA_LIFETIMEBOUND [[clang::lifetimebound]]
#define YAGURA_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define YAGURA_LIFETIMEBOUND
#define YAGURA_THREAD_ATTRIBUTE(x)
#endif

// The member may be touched only while holding `mutex` (std::mutex is not annotated in libstdc++, so this
// is documentation that clang checks only for yagura::Mutex-like types).
#define GUARDED_BY(mutex)
