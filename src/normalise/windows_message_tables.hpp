// The tables behind windows_messages.hpp, sorted by number. Private to it.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

namespace yagura::normalise {

struct WindowsTitle {
  std::uint32_t id;
  std::string_view text;
};

std::span<const WindowsTitle> security_auditing_titles();
std::span<const WindowsTitle> security_auditing_tasks();

// What stands behind a title, in the notation of windows_security_bodies.cpp.
std::span<const WindowsTitle> security_auditing_bodies();
// The texts of %%1234 in data: access rights, failure reasons, account flags.
std::span<const WindowsTitle> security_auditing_parameters();

// A message with its event's data: {Name} is a field, {1} the first of the data in their order.
struct WindowsTemplate {
  std::string_view provider;
  std::uint32_t id;
  std::string_view task;
  std::string_view text;
};
std::span<const WindowsTemplate> windows_templates();
std::span<const WindowsTitle> sysmon_titles();
// The data of each event in the order of the manifest, blank-separated.
std::span<const WindowsTitle> sysmon_fields();

}  // namespace yagura::normalise
