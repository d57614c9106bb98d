// The forwarder's configuration as the four cmdlets change it: a pure state machine, and its document on disk.
//
//   NotConfigured --Set--> Enabled <--Enable/Disable--> Disabled;  any --Set--> Enabled;  any --Set -Remove-->
//   NotConfigured
//
// A change gives the next configuration and whether an action plan must carry it to the hosts; what carries it is a
// ConfigurationBackend (forward/configuration_backend.hpp). Plain values, any thread.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "forward/forwarder_settings.hpp"

namespace yagura::forward {

enum class ForwarderState : std::uint8_t { NotConfigured, Disabled, Enabled };
std::string_view to_string(ForwarderState state);

struct ForwarderConfiguration {
  std::uint64_t generation = 0;  // grows with each change that is carried to the hosts
  ForwarderState state = ForwarderState::NotConfigured;
  std::optional<ForwarderSettings> settings;  // of the last successful Set; none when NotConfigured
  std::string changed_at;                     // "2026-11-22T08:00:00Z"; not part of the digest
  std::string changed_by;

  // SHA-256, hexadecimal, over generation, state and settings: hosts that have the same have the same digest.
  std::string digest() const;
};

enum class ChangeKind : std::uint8_t { Set, Enable, Disable, Remove };
std::string_view cmdlet_of(ChangeKind kind);

struct ConfigurationChange {
  ChangeKind kind = ChangeKind::Set;
  std::optional<ForwarderSettings> settings;  // of a Set
};

struct Transition {
  ForwarderConfiguration next;
  bool plan_needed = false;  // false: the target state is the current one, nothing changes
};

// Set, and Enable or Disable into another state, always need a plan; the same state only with `force`.
// invalid_input: Enable before any Set (also after Remove).
Result<Transition> next_configuration(const ForwarderConfiguration& now, const ConfigurationChange& change, bool force);

// Signs documents and checks signatures, for a cluster whose hosts take configurations from one another only when
// signed.
struct ConfigurationSigner {
  std::function<std::string(std::string_view bytes)> sign;  // raw signature
  std::function<bool(std::string_view bytes, std::string_view signature)> check;
};

// One JSON document: format, generation, state, settings, digest, signature. `signer` may be null: unsigned.
std::string to_document(const ForwarderConfiguration& configuration, const ConfigurationSigner* signer = nullptr);
// corrupt: the digest is not that of the content (somebody edited it), or the signature is missing or wrong though
// `signer` is given. The document as it stands is in `as_read` even then, when it can be read at all.
Result<ForwarderConfiguration> from_document(std::string_view document, const ConfigurationSigner* signer = nullptr,
                                             ForwarderConfiguration* as_read = nullptr);

}  // namespace yagura::forward
