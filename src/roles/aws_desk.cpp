#include "roles/aws_desk.hpp"

#include "base/json_writer.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "cloud/plan.hpp"
#include "cloud/sts.hpp"

namespace yagura::roles {

namespace {

constexpr auto kCheckTimeout = 30s;

struct CheckStep {
  std::string step, state, detail;  // state: "ok", "failed", "warning", "skipped"
};

void write_steps(JsonWriter& writer, const std::vector<CheckStep>& steps) {
  writer.key("steps").begin_array();
  for (const auto& one : steps) writer.begin_object().key("step").text(one.step).key("state").text(one.state).key("detail").text(one.detail).end_object();
  writer.end_array();
}

// Each thing that the connector will need, in the order it will need it. Stops at the first that fails; the Error is of that step.
Result<std::vector<CheckStep>> check_steps(const AwsConnectorSettings& settings, std::string_view workspace_id) {
  std::vector<CheckStep> steps;
  const auto clients = TRY(make_aws_clients(settings, workspace_id));
  const auto credentials = clients.credentials->get(Deadline::in(kCheckTimeout));
  if (!credentials) return std::unexpected(cloud::to_error(credentials.error()));
  steps.push_back({"STS", "ok", settings.role_arn.empty() ? "credentials are there" : "the role was taken: " + settings.role_arn});
  cloud::SqsQueue queue(clients.sqs, settings.queue_url);
  const auto facts = queue.facts(Deadline::in(kCheckTimeout));
  if (!facts) return std::unexpected(cloud::to_error(facts.error()));
  steps.push_back({"SQS", "ok", fmt::format("{} messages wait, {} are being worked on", facts->visible, facts->in_flight)});
  const std::string bucket_name = cloud::bucket_in_queue_policy(facts->policy);
  if (const auto missing = cloud::missing_in_queue_policy(facts->policy, bucket_name); !missing.empty()) steps.push_back({"queue policy", "warning", missing});
  else steps.push_back({"queue policy", "ok", "S3 may send"});
  if (!facts->kms_key.empty() && facts->kms_key != "alias/aws/sqs") steps.push_back({"KMS", "warning", "the queue is encrypted with " + facts->kms_key + ": the role needs kms:Decrypt, and S3 kms:GenerateDataKey on it"});
  if (bucket_name.empty()) {
    steps.push_back({"S3", "skipped", "the queue's policy names no bucket, so which one to read is known with the first notification only"});
    return steps;
  }
  cloud::S3Bucket bucket(clients.s3, bucket_name);
  if (const auto configuration = bucket.notification_configuration(Deadline::in(kCheckTimeout)); !configuration)
    steps.push_back({"notification", "skipped", "may not be read: " + configuration.error().text()});
  else if (configuration->find(facts->arn) == std::string::npos)
    steps.push_back({"notification", "warning", fmt::format("the bucket {} does not notify this queue ({})", bucket_name, facts->arn)});
  else
    steps.push_back({"notification", "ok", fmt::format("{} notifies the queue", bucket_name)});
  const auto listing = bucket.list("", "", "", Deadline::in(kCheckTimeout));
  if (!listing) {
    if (listing.error().code != "AccessDenied") return std::unexpected(cloud::to_error(listing.error()));
    steps.push_back({"S3", "warning", listing.error().text()});
    return steps;
  }
  const auto object = std::ranges::find_if(listing->objects, [](const auto& one) { return one.size > 0; });
  if (object == listing->objects.end()) {
    steps.push_back({"S3", "ok", fmt::format("{} can be listed and has no objects yet", bucket_name)});
    return steps;
  }
  // Reading one tells whether a KMS key is in the way; only its first bytes are taken.
  const auto got = bucket.get(object->key, "", Deadline::in(kCheckTimeout));
  if (!got) return std::unexpected(cloud::to_error(got.error()));
  steps.push_back({"S3", "ok", fmt::format("an object of {} could be read", bucket_name)});
  return steps;
}

}  // namespace

class AwsDesk::Done final : public intake::DoneObjects {
 public:
  explicit Done(control::AwsConnectors& connectors) : connectors_(connectors) {}
  Result<bool> is_done(std::string_view source, std::string_view object) override { return connectors_.is_done(name_of(source), object); }
  Result<> mark_done(std::string_view source, std::string_view object, std::uint64_t records, Position from) override {
    return connectors_.mark_done(name_of(source), object, static_cast<std::int64_t>(records), static_cast<std::int64_t>(from.number()));
  }
  Result<Position> read_from(std::string_view source) override { return Position(static_cast<std::uint64_t>(TRY(connectors_.read_from(name_of(source))))); }
  Result<> set_aside(std::string_view source, std::string_view object, std::string_view reason, std::uint64_t records) override {
    return connectors_.set_aside(name_of(source), object, reason, static_cast<std::int64_t>(records));
  }
  Result<std::uint64_t> records_set_aside(std::string_view source, std::string_view object) override {
    return static_cast<std::uint64_t>(TRY(connectors_.records_set_aside(name_of(source), object)));
  }
  // Sources are called "aws:<connector>".
  static std::string_view name_of(std::string_view source) { return source.substr(source.find(':') + 1); }

 private:
  control::AwsConnectors& connectors_;
};

AwsDesk::AwsDesk(AwsDeskServices services) : services_(std::move(services)), done_(std::make_unique<Done>(services_.control->aws_connectors())) {}
AwsDesk::~AwsDesk() { stop(); }

Result<> AwsDesk::start() {
  for (const auto& connector : TRY(services_.control->aws_connectors().list())) {
    if (!connector.enabled) continue;
    if (auto started = start_one(connector); !started) {
      log_warning("intake", "the AWS connector {} did not start: {}", connector.name, started.error().message());
      const std::lock_guard lock(mutex_);
      running_[connector.name].failure = started.error().message();
    }
  }
  return {};
}

void AwsDesk::stop() {
  std::map<std::string, Running> ending;
  {
    const std::lock_guard lock(mutex_);
    ending.swap(running_);
  }
  for (auto& [name, one] : ending)
    if (one.source) one.source->stop();
}

Result<> AwsDesk::start_one(const control::AwsConnector& connector) {
  const auto tables = services_.tables();
  const std::vector<std::string_view> names(tables.begin(), tables.end());
  const auto settings = TRY(read_aws_settings(connector.settings, names));
  const auto clients = TRY(make_aws_clients(settings, services_.workspace_id));
  intake::S3SourceOptions options{.name = "aws:" + connector.name, .table = settings.table, .queue_url = settings.queue_url, .sqs = clients.sqs, .s3 = clients.s3};
  auto book = TRY(intake::ObjectBook::open(options.name, *done_, services_.tail, services_.sink->durable_position()));
  auto source = std::make_unique<intake::S3Source>(std::move(options), *services_.sink, std::move(book));
  TRY(source->start());
  const std::lock_guard lock(mutex_);
  running_[connector.name] = Running{std::move(source), ""};
  return {};
}

Result<std::string> AwsDesk::list() {
  const auto connectors = TRY(services_.control->aws_connectors().list());
  const auto aside = TRY(services_.control->aws_connectors().aside());
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("external_id").text(services_.workspace_id).key("connectors").begin_array();
  const std::lock_guard lock(mutex_);
  for (const auto& connector : connectors) {
    writer.begin_object().key("id").number(connector.id).key("name").text(connector.name).key("enabled").boolean(connector.enabled).key("settings").raw(connector.settings);
    writer.key("created").text(format_datetime(connector.created_ticks)).key("created_by").text(connector.created_by);
    const auto found = running_.find(connector.name);
    const intake::S3Source* source = found == running_.end() ? nullptr : found->second.source.get();
    const auto status = source != nullptr ? source->queue_status() : intake::QueueStatus{};
    writer.key("state").text(!connector.enabled ? "disabled" : source != nullptr ? source->status().state : "failed");
    writer.key("detail").text(source != nullptr ? status.last_error : found == running_.end() ? "" : found->second.failure);
    writer.key("queue").begin_object().key("visible").number(status.visible).key("in_flight").number(status.in_flight).key("received").number(status.received);
    writer.key("deleted").number(status.deleted).end_object();
    writer.key("objects").number(status.objects).key("repeated").number(status.repeated).key("records").number(status.records).key("set_aside").number(status.set_aside);
    writer.key("received_bytes").number(status.received_bytes).key("content_bytes").number(status.content_bytes);
    const auto time = [&](std::string_view name, const std::optional<std::int64_t>& ticks) {
      writer.key(name);
      if (ticks) writer.text(format_datetime(*ticks));
      else writer.null();
    };
    time("oldest_message", status.oldest_ticks);
    time("last_event", status.last_event_ticks);
    writer.key("aside").begin_array();
    for (const auto& one : aside)
      if (equal_ignoring_ascii_case(one.connector, connector.name))
        writer.begin_object().key("object").text(one.object).key("reason").text(one.reason).key("records").number(one.records).key("at").text(format_datetime(one.at_ticks)).end_object();
    writer.end_array().end_object();
  }
  writer.end_array().end_object();
  return out;
}

Result<std::string> AwsDesk::check(std::string_view text) {
  const auto tables = services_.tables();
  const std::vector<std::string_view> names(tables.begin(), tables.end());
  const auto steps = TRY(check_steps(TRY(read_aws_settings(text, names)), services_.workspace_id));
  std::string out;
  JsonWriter writer(out);
  writer.begin_object();
  write_steps(writer, steps);
  writer.end_object();
  return out;
}

Result<std::string> AwsDesk::add(std::string_view name, std::string_view text, const control::Actor& actor) {
  const auto tables = services_.tables();
  const std::vector<std::string_view> names(tables.begin(), tables.end());
  const auto settings = TRY(read_aws_settings(text, names));
  const auto steps = TRY(check_steps(settings, services_.workspace_id));
  const auto connector = TRY(services_.control->aws_connectors().add(name, to_json(settings), static_cast<std::int64_t>(services_.sink->durable_position().number()) + 1, actor));
  TRY(start_one(connector));
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("id").number(connector.id).key("name").text(connector.name).key("role_arn").text(settings.role_arn).key("queue_url").text(settings.queue_url).key("table").text(settings.table);
  write_steps(writer, steps);
  writer.end_object();
  return out;
}

Result<> AwsDesk::remove(std::string_view word, const control::Actor& actor) {
  const auto connector = TRY(services_.control->aws_connectors().find(word));
  Running ending;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = running_.find(connector.name); found != running_.end()) {
      ending = std::move(found->second);
      running_.erase(found);
    }
  }
  if (ending.source) ending.source->stop();
  return services_.control->aws_connectors().remove(connector.id, actor);
}

Result<std::string> AwsDesk::set_enabled(std::string_view word, bool enabled, const control::Actor& actor) {
  const auto before = TRY(services_.control->aws_connectors().find(word));
  const auto connector = TRY(services_.control->aws_connectors().set_enabled(before.id, enabled, actor));
  Running ending;
  bool is_running = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = running_.find(connector.name);
    is_running = found != running_.end() && found->second.source != nullptr;
    if (!enabled && found != running_.end()) {
      ending = std::move(found->second);
      running_.erase(found);
    }
  }
  if (ending.source) ending.source->stop();
  if (enabled && !is_running) TRY(start_one(connector));
  return list();
}

std::vector<serve::SourceReport> AwsDesk::sources() const {
  std::vector<serve::SourceReport> reports;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, one] : running_) {
    serve::SourceReport report{.name = "aws:" + name, .kind = "aws-s3", .address = "", .state = "failed", .detail = one.failure, .last_ticks = {}};
    if (one.source) {
      const auto status = one.source->status();
      report.address = status.address;
      report.state = status.state;
      report.detail = status.detail;
      report.received = status.messages;
      report.received_bytes = status.bytes;
      report.dropped = status.dropped;
      if (status.last_message) report.last_ticks = status.last_message->time_since_epoch().count();
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace yagura::roles
