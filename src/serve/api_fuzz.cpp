// Any request gets one answer with a sensible status, and never a crash: first line method, target and credentials,
// the rest is the body. Answers of our API that say JSON are JSON.
#include <boost/json.hpp>

#include <cstdlib>
#include <filesystem>

#include "base/file.hpp"
#include "serve/api.hpp"

namespace {

using namespace yagura;

// Gives one row of the query's own text, so that foreign text comes back through the writers.
class Echo : public query::QueryService {
 public:
  query::QueryOutcome run(const query::QueryRequest& request, query::RowSink& sink) override {
    query::QueryOutcome outcome;
    event::TableBatch batch("T", {{"Text", event::KqlType::string, ""}});
    batch.column(0).append_text(batch.arena().copy(request.text));
    (void)sink.columns(batch.schema());
    (void)sink.rows(batch);
    outcome.visualization = request.text;
    return outcome;
  }
};

class Stream : public net::HttpStream {
 public:
  Result<> start(const net::HttpResponse& head) override {
    status = head.status;
    return {};
  }
  Result<> write(std::string_view) override { return {}; }
  bool peer_gone() const override { return true; }
  int status = 0;
};

struct World {
  TemporaryDirectory folder;
  std::unique_ptr<control::ControlDb> control;
  Echo query;
  std::shared_ptr<event::SchemaSet> schemas = std::make_shared<event::SchemaSet>();
  std::unique_ptr<serve::Api> api;
  std::string token;

  World() {
    control = *control::ControlDb::open(folder.path() / "c.db", {.password_cost = {.operations = 1, .memory = 8_KiB}});
    const auto user = control->users().create(
        {.name = "fuzz", .role = control::Role::admin, .password = "a password of some length"}, {"fuzz", ""});
    token =
        control->tokens().create({.name = "t", .user_id = user->id, .role = control::Role::admin}, {"fuzz", ""})->token;
    schemas->put({.name = "Syslog"});
    serve::ApiServices services{.control = control.get(), .query = &query, .schemas = [this] { return schemas; }};
    services.create_table = [](const event::TableSchema&) -> Result<> { return {}; };
    api = std::make_unique<serve::Api>(services, serve::ApiOptions{});
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static World world;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line_end = text.find('\n');
  const std::string_view line = text.substr(0, line_end);
  const auto blank = line.find(' ');
  if (blank == std::string_view::npos) return 0;
  net::HttpRequest request;
  request.method = line.substr(0, blank);
  request.target = line.substr(blank + 1);
  // Sign-ins hash passwords on purpose slowly, and tokens must not be revoked under our feet.
  if (request.method == "DELETE" || request.target.find("session") != std::string::npos) return 0;
  if (line_end != std::string_view::npos) request.body = text.substr(line_end + 1);
  request.headers = {{"Authorization", "Bearer " + world.token}, {"Content-Type", "application/json"}};
  request.peer = "192.0.2.1:1";
  Stream stream;
  const auto response = world.api->handle(request, stream);
  const int status = response ? response->status : stream.status;
  if (status < 200 || status > 599 || status == 500) std::abort();
  if (response && response->header("Content-Type").starts_with("application/json")) {
    boost::system::error_code error;
    boost::json::parse(response->body, error);
    if (error) std::abort();
  }
  return 0;
}
