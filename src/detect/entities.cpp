// Which fields name whom. The names are those of Sysmon, the Windows Security log, syslog, CEF, CloudTrail and ECS.
#include "base/text.hpp"
#include "detect/alert.hpp"

namespace yagura::detect {

namespace {

struct FieldMeaning {
  std::string_view field;
  std::string_view type;
  std::string_view property;
};

constexpr FieldMeaning kMeanings[] = {
    {"HostName", "host", "HostName"},
    {"Computer", "host", "HostName"},
    {"host.name", "host", "HostName"},
    {"DeviceName", "host", "HostName"},
    {"dvchost", "host", "HostName"},
    {"User", "account", "Name"},
    {"TargetUserName", "account", "Name"},
    {"SubjectUserName", "account", "Name"},
    {"user.name", "account", "Name"},
    {"suser", "account", "Name"},
    {"duser", "account", "Name"},
    {"userIdentity.userName", "account", "Name"},
    {"userIdentity.arn", "account", "Name"},
    {"SourceUserName", "account", "Name"},
    {"DestinationUserName", "account", "Name"},
    {"IpAddress", "ip", "Address"},
    {"SourceIp", "ip", "Address"},
    {"DestinationIp", "ip", "Address"},
    {"SourceIP", "ip", "Address"},
    {"DestinationIP", "ip", "Address"},
    {"src", "ip", "Address"},
    {"dst", "ip", "Address"},
    {"source.ip", "ip", "Address"},
    {"destination.ip", "ip", "Address"},
    {"src_ip", "ip", "Address"},
    {"dst_ip", "ip", "Address"},
    {"sourceIPAddress", "ip", "Address"},
    {"c-ip", "ip", "Address"},
    {"ClientIP", "ip", "Address"},
    {"Image", "process", "ImageFile"},
    {"NewProcessName", "process", "ImageFile"},
    {"process.executable", "process", "ImageFile"},
    {"exe", "process", "ImageFile"},
    {"CommandLine", "process", "CommandLine"},
    {"process.command_line", "process", "CommandLine"},
    {"TargetFilename", "file", "Name"},
    {"file.path", "file", "Name"},
    {"Hashes", "filehash", "Value"},
    {"QueryName", "dns", "DomainName"},
    {"url.full", "url", "Url"},
    {"c-uri", "url", "Url"},
    {"TargetObject", "registry-key", "Key"},
};

constexpr std::size_t kMostEntities = 32;
constexpr std::size_t kMostText = 4'096;

bool says_nothing(std::string_view text) { return text.empty() || text == "-" || text == "127.0.0.1" || text == "::1"; }

}  // namespace

std::vector<Entity> entities_of(const event::Record& record) {
  std::vector<Entity> entities;
  for (const auto& meaning : kMeanings) {
    static const auto ids = [] {
      std::array<event::FieldId, std::size(kMeanings)> all;
      for (std::size_t i = 0; i < all.size(); ++i) all[i] = event::intern_field(kMeanings[i].field);
      return all;
    }();
    const auto* value = record.find(ids[static_cast<std::size_t>(&meaning - kMeanings)]);
    if (!value || !value->is_string() || says_nothing(value->as_string())) continue;
    std::string text = utf8::repaired(value->as_string().substr(0, kMostText));
    // A process has two properties; everything else is one entity per value.
    if (meaning.type == "process") {
      const auto known = std::ranges::find(entities, "process", &Entity::type);
      if (known != entities.end()) {
        known->properties.emplace_back(meaning.property, std::move(text));
        continue;
      }
    }
    Entity entity{std::string(meaning.type), {{std::string(meaning.property), std::move(text)}}};
    if (std::ranges::find(entities, entity) != entities.end()) continue;
    if (entities.size() == kMostEntities) break;
    entities.push_back(std::move(entity));
  }
  return entities;
}

}  // namespace yagura::detect
