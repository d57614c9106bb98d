// The small pieces of glue that ServerRole needs: settings of one room made from the configuration, reports for the API.
// Free functions without state.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "control/control_db.hpp"
#include "detect/alert_desk.hpp"
#include "detect/rule_library.hpp"
#include "engine/engine_supervisor.hpp"
#include "flow/pipeline.hpp"
#include "formats/syslog.hpp"
#include "intake/settings.hpp"
#include "journal/writer.hpp"
#include "normalise/pack.hpp"
#include "normalise/router.hpp"
#include "roles/server_settings.hpp"
#include "serve/api.hpp"
#include "store/store.hpp"

namespace yagura::roles {

std::filesystem::path keys_folder(const ServerSettings& settings);
Result<> make_private_folder(const std::filesystem::path& folder);  // mode 0750
// One server on a data folder at a time; the lock goes with the descriptor.
Result<FileDescriptor> lock_folder(const std::filesystem::path& folder);
// Names and addresses that the self-signed certificate is good for.
std::vector<std::string> certificate_names(const ServerSettings& settings);

formats::SyslogContext syslog_context(const ServerSettings& settings);
Result<std::shared_ptr<const normalise::Router>> make_router(std::shared_ptr<const event::SchemaSet> schemas, const normalise::RouterSettings& settings);
Result<std::shared_ptr<const normalise::PackSet>> load_packs(const std::filesystem::path& content);
// The fields and log sources that rules may ask for because of them.
detect::Supplied supplied_by(const normalise::PackSet& packs);
// `packs` may be null: rules on normalised fields see only what is stored then.
detect::RuleLibraryOptions rule_options(const ServerSettings& settings, const std::filesystem::path& content, const normalise::PackSet* packs);
detect::AlertDeskOptions alert_options(const ServerSettings& settings);
Result<detect::RuleOverrides> rule_overrides(control::ControlDb& control);
Result<std::vector<detect::AlertSuppression>> alert_suppressions(control::ControlDb& control);
// A token for commands with `--data` on this machine (whoever may read it may change the control database too), made anew at each start; the one before is revoked.
Result<std::string> make_local_token(control::ControlDb& control);
engine::EngineOptions engine_options(const ServerSettings& settings, const std::filesystem::path& certificate, const std::filesystem::path& private_key);
Result<store::StoreEndpoint> cluster_endpoint(const ClusterSettings& settings);

intake::SettingsContext source_context(const ServerSettings& settings, const std::filesystem::path& certificate, const std::filesystem::path& private_key);
// A HEC source on 127.0.0.1:8088 with a token made at the first start; `new_token` gets it then.
Result<> add_default_hec(std::vector<intake::SourceSettings>& sources, const std::filesystem::path& keys, const std::filesystem::path& certificate,
                         const std::filesystem::path& private_key, std::string& new_token);
// This machine's own logs: text files of /var/log and systemd's journal.
void add_local_logs(std::vector<intake::SourceSettings>& sources);

std::vector<serve::SourceReport> source_reports(const std::vector<std::unique_ptr<intake::Source>>& sources);
std::vector<serve::HealthReport> health_reports(const journal::Writer& journal, const flow::Pipeline& pipeline, const engine::EngineSupervisor* engine);
void set_gauges(const journal::Writer& journal, const flow::Pipeline& pipeline);

}  // namespace yagura::roles
