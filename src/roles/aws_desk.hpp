// The connectors to AWS of a running server: checked before they are kept, started, watched, stopped.
//
// Any thread. Texts in and out are JSON, as the API carries them.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "control/control_db.hpp"
#include "intake/s3_source.hpp"
#include "roles/aws_settings.hpp"
#include "serve/api.hpp"

namespace yagura::roles {

struct AwsDeskServices {
  control::ControlDb* control = nullptr;
  intake::EntrySink* sink = nullptr;
  intake::ObjectBook::TailMaker tail;
  std::function<std::vector<std::string>()> tables;  // that may be destinations
  std::string workspace_id;
};

class AwsDesk final : public serve::AwsConnectorDesk {
 public:
  explicit AwsDesk(AwsDeskServices services);
  ~AwsDesk() override;
  // Starts what the control database has; one that does not start is said in its status.
  Result<> start();
  void stop();

  std::string workspace_id() const override { return services_.workspace_id; }
  Result<std::string> list() override;
  Result<std::string> check(std::string_view settings) override;
  Result<std::string> add(std::string_view name, std::string_view settings, const control::Actor& actor) override;
  Result<> remove(std::string_view word, const control::Actor& actor) override;
  Result<std::string> set_enabled(std::string_view word, bool enabled, const control::Actor& actor) override;
  std::vector<serve::SourceReport> sources() const;

 private:
  class Done;
  struct Running {
    std::unique_ptr<intake::S3Source> source;
    std::string failure;  // why it did not start
  };
  Result<> start_one(const control::AwsConnector& connector);
  std::vector<std::string_view> table_names(const std::vector<std::string>& tables) const;

  const AwsDeskServices services_;
  std::unique_ptr<Done> done_;
  mutable std::mutex mutex_;
  std::map<std::string, Running> running_ GUARDED_BY(mutex_);
};

}  // namespace yagura::roles
