// The four cmdlets with PowerShell's spelling of parameters, as a command line brings them:
//
//   yagura Set-AzSSyslogForwarder -ServerName logs.example -ServerPort 6514 -SkipServerCNCheck:$false
//
// Names in any letter case and by any unambiguous beginning; -Name value and -Name:value; a flag may be -Flag,
// -Flag:$true and -Flag:$false. A beginning means the documented parameters first, and Yagura's own only when it fits
// none of these. Pure; errors are for the administrator.
#pragma once
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "forward/configuration_backend.hpp"
#include "forward/forwarder_settings.hpp"

namespace yagura::forward {

enum class Cmdlet : std::uint8_t { Set, Enable, Disable, Get };
std::string_view to_string(Cmdlet cmdlet);                  // "Set-AzSSyslogForwarder"
std::optional<Cmdlet> cmdlet_named(std::string_view word);  // any letter case
std::string_view syntax_of(Cmdlet cmdlet);                  // as the documentation prints it
std::string help_of(Cmdlet cmdlet);

struct CmdletCall {
  Cmdlet cmdlet = Cmdlet::Get;
  SetRequest set;                                          // of Set
  bool force = false;                                      // of Enable and Disable
  ConfigurationScope scope = ConfigurationScope::cluster;  // of Get
  bool json = false;
  bool help = false;
  std::optional<std::filesystem::path> data;
};

Result<CmdletCall> parse_cmdlet(Cmdlet cmdlet, std::span<const std::string> arguments);

}  // namespace yagura::forward
