// Everything Yagura says over HTTP: the Log Analytics query API, our own JSON API, metrics, health and the console.
//
//   Api api(services, options);
//   auto server = HttpServer::start_streaming(http_options, [&](const auto& request, auto& stream) {
//     return api.handle(request, stream, Api::Transport::encrypted);   // of a server with TLS
//   });
//   ...
//   api.stop();       // ends live tails and running queries, so that
//   server->stop();   // finds its handlers free
//
// The HTTP server's pool should have at least options.max_queries + options.tail.watchers + 8 threads: a live tail
// keeps one. Any thread may call handle(). What services point to must outlive the Api.
#pragma once
#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/position.hpp"
#include "base/result.hpp"
#include "control/control_db.hpp"
#include "event/table_schema.hpp"
#include "kql/catalog.hpp"
#include "net/http.hpp"
#include "net/http_server.hpp"
#include "query/query_service.hpp"
#include "serve/rule_services.hpp"
#include "serve/tail_hub.hpp"

namespace yagura::serve {

// One way in, as the console shows it.
struct SourceReport {
  std::string name;            // "syslog-udp"
  std::string kind;            // "syslog", "hec", "file" ...
  std::string address;         // "0.0.0.0:5514/udp", a path
  std::string state;           // "listening", "following", "failed" ...
  std::string detail;          // why, when it failed
  std::uint64_t received = 0;  // events since start
  std::uint64_t received_bytes = 0;
  std::uint64_t dropped = 0;
  std::optional<std::int64_t> last_ticks;  // of the last event
};

// One part of the program, as /health and the console show it.
struct HealthReport {
  std::string name;  // "journal", "store" ...
  bool healthy = true;
  std::string detail;  // "12,345 entries behind", or why not
};

struct RuleReport {
  std::string id, title, kind;  // kind: "sigma", "scheduled", "nrt"
  std::string severity;         // as in effect
  bool enabled = true;
  std::string file;
  std::vector<std::string> tags;
  std::uint64_t matches = 0;  // since start
  std::string error;          // why it does not run or can never match, "" when it does
  std::uint64_t alerts = 0, suppressed = 0, throttled = 0;
  std::uint64_t considered = 0, evaluated = 0;  // events of its log source; of these, that the prefilter let through
  double nanoseconds = 0;                       // of one evaluation, on average of those that were timed
  std::optional<std::int64_t> last_match_ticks;
};

// What a table takes in the store.
struct TableSize {
  std::string table;
  std::uint64_t rows = 0, bytes = 0, uncompressed_bytes = 0, parts = 0;
  std::optional<std::int64_t> first_ticks, last_ticks;  // when its oldest and newest part were made
};

// Connectors to AWS, as the API manages them. Texts are JSON. Any thread.
class AwsConnectorDesk {
 public:
  virtual ~AwsConnectorDesk() = default;
  virtual std::string workspace_id() const = 0;
  virtual Result<std::string> list() = 0;
  virtual Result<std::string> check(std::string_view settings) = 0;
  virtual Result<std::string> add(std::string_view name, std::string_view settings, const control::Actor& actor) = 0;
  virtual Result<> remove(std::string_view word, const control::Actor& actor) = 0;
  virtual Result<std::string> set_enabled(std::string_view word, bool enabled, const control::Actor& actor) = 0;
};

// Ingest-time transformations, as the API manages them. Answers are JSON. Any thread.
class TransformationDesk {
 public:
  virtual ~TransformationDesk() = default;
  virtual Result<std::string> list() = 0;
  virtual Result<std::string> show(std::string_view table) = 0;
  struct Wanted {
    std::string query;
    std::optional<std::vector<std::string>> count_by;  // columns; none: those that the query's conditions name
    bool enabled = true;
  };
  // An Error lists the mistakes, each with its place; nothing is kept then.
  virtual Result<std::string> put(std::string_view table, const Wanted& wanted, const control::Actor& actor) = 0;
  virtual Result<> remove(std::string_view table, const control::Actor& actor) = 0;
  // What it would do with what is stored of [from, to). "" for the query that is kept.
  virtual Result<std::string> preview(std::string_view table, const Wanted& wanted, std::int64_t from_ticks, std::int64_t to_ticks,
                                      const std::atomic<bool>* cancelled) = 0;
};

// What the program gives the Api. Functions that are empty: that part answers 404 or an empty list.
struct ApiServices {
  control::ControlDb* control = nullptr;  // must be there
  query::QueryService* query = nullptr;   // must be there
  TailHub* tail = nullptr;
  std::function<std::shared_ptr<const event::SchemaSet>()> schemas;  // must be there
  // Makes the table in the store and in schemas(). It has been checked, and is in no schema yet.
  std::function<Result<>(const event::TableSchema&)> create_table;
  std::function<std::vector<SourceReport>()> sources;
  std::function<std::vector<HealthReport>()> health;
  std::function<std::vector<RuleReport>()> rules;
  // Reads configuration, tables, packs, routes, rules and certificates again; gives what was done, in sentences.
  std::function<Result<std::vector<std::string>>()> reload;
  // After a rule's state in the control database was changed.
  std::function<Result<>(const std::string& rule_id)> rule_changed;
  RuleServices rule_desk;
  // Stored functions, of files and of the control database.
  std::function<std::shared_ptr<const kql::FunctionSet>()> functions;
  // After functions or watchlists in the control database were changed.
  std::function<Result<>()> functions_changed;
  std::function<Result<std::vector<TableSize>>()> table_sizes;
  // Whether agents would take this configuration (YAML); the error lists every mistake.
  std::function<Result<>(std::string_view)> check_agent_configuration;
  AwsConnectorDesk* aws = nullptr;
  TransformationDesk* transformations = nullptr;
  // Everything that the journal has up to here can be queried.
  std::function<Position()> stored_position;
};

struct ApiOptions {
  bool secure_cookies = false;    // true behind a proxy that speaks TLS for us
  bool strict_transport = false;  // send Strict-Transport-Security: only with a certificate that browsers trust
  bool open_metrics = false;      // /metrics for everybody; else from loopback, or with a token that may `status`
  std::string workspace_name = "yagura";
  std::size_t max_queries = 16;  // at once over HTTP; more get 429
  query::QueryLimits limits;     // the most a request may ask for
  std::string version = "dev";
  std::string agent_authority;    // fingerprint that goes with join tokens; "": this server takes no agents
  std::chrono::seconds agent_heartbeat{30};
  std::filesystem::path journal;  // folder that evidence is read from; empty: none
};

class Api {
 public:
  Api(ApiServices services, ApiOptions options);
  ~Api();

  // Throws only when an answer that has begun cannot be finished: HttpServer breaks it off then.
  // Encrypted: this request came over TLS, so its cookie may travel over TLS only.
  enum class Transport { plain, encrypted };
  std::optional<net::HttpResponse> handle(const net::HttpRequest& request, net::HttpStream& stream,
                                          Transport transport = Transport::plain);
  // Ends live tails, cancels running queries. For good.
  void stop();

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace yagura::serve
