// The profiles that are part of the program. Their files (content/profiles) are taken in when it is built; the digests
// here are written by hand, so that a changed file is a failing test and a refused profile, never a quiet change of
// what is sent.
#include <array>

#include "base/embed.hpp"
#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "forward/profile.hpp"
#include "forward/subscription.hpp"

YAGURA_EMBED(profile_azure_local, YAGURA_PROFILES "/azure-local.yaml")
YAGURA_EMBED(profile_azure_local_auth, YAGURA_PROFILES "/azure-local-auth.yaml")
YAGURA_EMBED(profile_all, YAGURA_PROFILES "/all.yaml")

namespace yagura::forward {

namespace {

constexpr std::array<BuiltinProfile, 3> kProfiles{{
    {"azure-local", "Security events of Azure Local hosts",
     "3b7f950f44ba3a8d45cc68af4056906682b64941dd90f00e19ee119aedef1d00"},
    {"azure-local+auth", "Azure Local, with failed logons, lockouts, Kerberos and NTLM",
     "c47468e313092eb2d4d2a59c26e16ed5e70f620a072fb6065007cab4d2782bbb"},
    {"all", "Every event of every source", "e22f9026473ba357592122ccf28b796aff8faaaadb15794f28f3dad20d294704"},
}};

std::string_view text_of(std::size_t index) {
  switch (index) {
    case 0: return profile_azure_local();
    case 1: return profile_azure_local_auth();
    default: return profile_all();
  }
}

}  // namespace

std::span<const BuiltinProfile> builtin_profiles() { return kProfiles; }

Result<std::string_view> builtin_profile_text(std::string_view name) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < kProfiles.size(); ++i) {
    names.push_back(kProfiles[i].name);
    if (!equal_ignoring_ascii_case(kProfiles[i].name, name)) continue;
    const auto text = text_of(i);
    const auto digest = to_hex(as_text(sha256(text)));
    if (digest != kProfiles[i].sha256)
      return fail(ErrorKind::corrupt,
                  "the profile {} of this program is not the one that was reviewed: its SHA-256 is {}",
                  kProfiles[i].name, digest);
    return text;
  }
  return fail(ErrorKind::not_found, "no profile '{}': azure-local, azure-local+auth and all are built in{}", name,
              did_you_mean(name, names));
}

Result<Profile> builtin_profile(std::string_view name) {
  const auto text = TRY(builtin_profile_text(name));
  auto profile = TRY(parse_profile(text, name), "reading a profile of this program");
  profile.read_only = true;
  return profile;
}

}  // namespace yagura::forward
