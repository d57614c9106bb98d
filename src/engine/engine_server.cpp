#include "engine/engine_server.hpp"

#include <unistd.h>

#include <atomic>
#include <thread>

#include "base/guid.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "engine/clickhouse_error.hpp"
#include "engine/http_protocol.hpp"
#include "engine/native_revision.hpp"
#include "engine/read_guard.hpp"
#include "engine/response_encoding.hpp"
#include "engine/running_queries.hpp"
#include "engine/storage.hpp"
#include "net/http_server.hpp"

namespace yagura::engine {

namespace {

using Clock = std::chrono::steady_clock;

// Results up to this size go out whole, with a complete summary; larger ones in pieces.
constexpr std::size_t kWholeAnswer = 1 << 20;
constexpr std::string_view kTrustedUser = "yagura";

class ServerImpl final : public EngineServer {
 public:
  explicit ServerImpl(EngineOptions options) : options_(std::move(options)), running_([this](const std::string& tag) { storage_->kill(tag); }) {}
  ~ServerImpl() override { stop(std::chrono::milliseconds(0)); }

  Result<> open() {
    const auto file = TRY(ChdbLibrary::find(options_.library));
    auto library = TRY(ChdbLibrary::load(file));
    storage_ = TRY(Storage::open(library, options_.data, options_.max_memory));
    net::HttpServerOptions local;
    local.name = "engine";
    local.unix_socket = options_.unix_socket;
    local.threads = 32;  // they wait for the engine most of the time
    local.max_body = 256_MiB;
    local.max_waiting = 512_MiB;
    local.body_timeout = std::chrono::minutes(2);
    local.idle_timeout = std::chrono::minutes(10);
    local_ = TRY(net::HttpServer::start_streaming(local, [this](const auto& request, auto& stream) { return answer(request, stream, true); }));
    if (options_.tcp) {
      net::HttpServerOptions remote;
      remote.name = "engine-tcp";
      remote.address = options_.tcp->address;
      remote.port = options_.tcp->port;
      remote.threads = 8;
      remote.max_body = 1_MiB;  // statements only
      remote.max_waiting = 32_MiB;
      remote.max_connections = 128;
      remote.max_connections_per_peer = 64;
      if (!options_.tcp->certificate.empty())
        remote.tls = TRY(net::TlsContext::server({options_.tcp->certificate, options_.tcp->private_key, {}}), "opening the engine's TCP port");
      remote_ = TRY(net::HttpServer::start_streaming(remote, [this](const auto& request, auto& stream) { return answer(request, stream, false); }),
                    "opening the engine's TCP port");
    }
    log_info("engine", "ClickHouse {} serves {}{}", storage_->server_version(), options_.data.string(),
             remote_ ? fmt::format(", read-only on {}:{}", options_.tcp->address, remote_->port()) : "");
    return {};
  }

  std::uint16_t tcp_port() const override { return remote_ ? remote_->port() : 0; }

  void stop(std::chrono::milliseconds grace) override {
    if (remote_) remote_->stop(grace / 2);
    if (local_) local_->stop(grace);
    remote_.reset();
    local_.reset();
  }

 private:
  std::optional<net::HttpResponse> answer(const net::HttpRequest& request, net::HttpStream& stream, bool trusted) {
    const std::string path = request.path();
    if (path == "/ping" || path == "/replicas_status") return net::text_response(200, "Ok.\n");
    if (path != "/" && path != "/query") return net::text_response(404, "There is no handle " + path + "\n\nUse / or /ping for health checks.\n");
    if (request.method != "GET" && request.method != "POST") return net::text_response(405, "GET or POST\n");
    if (path == "/" && request.method == "GET" && request.query_parameters().empty()) return net::text_response(200, "Ok.\n");
    if (auto refused = refuse_stranger(request, trusted)) return error_response(*refused, "");
    auto statement = statement_of(request);
    if (!statement) return error_response(statement.error(), "");
    Statement& s = **statement;
    if (s.query_id.empty() || s.query_id.size() > 128) s.query_id = to_string(Guid::random());
    if (s.shape.first_word.empty()) return error_response({62, error_text(62, "Syntax error: empty query.", "SYNTAX_ERROR")}, s.query_id);
    if (s.shape.into_outfile) return error_response({48, error_text(48, "INTO OUTFILE is not allowed over HTTP.", "NOT_IMPLEMENTED")}, s.query_id);
    if (trusted && s.shape.first_word == "KILL") {
      // The engine gives its statements ids of its own; ours are known here.
      const auto id = killed_query_id(s);
      if (!id) return error_response({48, error_text(48, "Only KILL QUERY WHERE query_id = '...' is known here.", "NOT_IMPLEMENTED")}, s.query_id);
      auto out = head_of(s, "TabSeparated");
      if (running_.cancel(*id) > 0) out.body = "waiting\t" + *id + "\n";
      return out;
    }
    auto settings = trusted ? checked_settings(s, request.method == "GET") : settings_for_reader(s.settings, *options_.tcp, *storage_);
    if (!settings) return error_response(settings.error(), s.query_id);
    if (!trusted)
      if (auto refused = refuse_for_reader(s.shape)) return error_response(*refused, s.query_id);
    const std::string tag = fmt::format("yagura-{}", next_tag_.fetch_add(1));
    settings->emplace_back("log_comment", tag);
    auto connection = storage_->connect(*settings);
    if (!connection)
      return error_response({36, error_text(36, "The engine takes no connection with these settings: one has a bad value.", "BAD_ARGUMENTS")}, s.query_id);
    if (!s.database.empty() && s.database != "default") {
      auto used = (*connection)->query("USE {name:Identifier}", "Null", {{"name", s.database}});
      if (!used) return error_response(used.error(), s.query_id);
    }
    if (!trusted)
      if (auto refused = refuse_parsed(**connection, s)) return error_response(*refused, s.query_id);
    RunningQueries::Scope scope(running_, tag, s.query_id, [&stream] { return stream.peer_gone(); });
    return run(request, **connection, s, stream, scope);
  }

  // By the engine's own parser. First that it is one statement that only reads (INTO OUTFILE is none), then what it calls.
  std::optional<ClickHouseError> refuse_parsed(ChdbConnection& connection, const Statement& s) const {
    const auto judged = connection.classify(s.sql);
    if (judged.statements > 1 || (judged.statements == 1 && !judged.reads_only))
      return ClickHouseError{164, error_text(164, "That is not allowed here: this port is for reading.", "READONLY")};
    const auto tree = connection.query("EXPLAIN AST " + std::string(s.sql), "TSVRaw", s.parameters);
    if (!tree) return tree.error();
    return refuse_tree_for_reader(tree->data, *storage_);
  }

  std::optional<ClickHouseError> refuse_stranger(const net::HttpRequest& request, bool trusted) const {
    const std::string_view user = trusted ? kTrustedUser : std::string_view(options_.tcp->user);
    const std::string_view password = trusted ? options_.secret : options_.tcp->password;
    if (trusted && password.empty()) return std::nullopt;  // the socket's file mode is the guard
    const Credentials given = credentials_of(request);
    if (!given.given) return ClickHouseError{194, error_text(194, "User name and password are required.", "REQUIRED_PASSWORD")};
    const bool right = equal_constant_time(given.user, user) & equal_constant_time(given.password, password);
    if (right && !password.empty()) return std::nullopt;
    log_warning("engine", "wrong user or password from {}", request.peer);
    return ClickHouseError{516, error_text(516, fmt::format("{}: Authentication failed: password is incorrect, or there is no user with such name.", given.user),
                                           "AUTHENTICATION_FAILED")};
  }

  static std::optional<std::string> killed_query_id(const Statement& statement) {
    const auto& words = statement.shape.words;
    if (words.size() < 6 || words[1] != "QUERY" || words[2] != "WHERE" || words[3] != "QUERY_ID" || words[4] != "=") return std::nullopt;
    if (words[5] == "{") {
      for (const auto& [name, value] : statement.parameters)
        if (name == "query_id") return value;
      return std::nullopt;
    }
    if (words[5].size() < 2 || words[5].front() != '\'') return std::nullopt;
    return words[5].substr(1, words[5].size() - 2);
  }

  // The engine takes unknown names without a word and bad values with a NULL: say it as a server does.
  ChdbResult<ChdbSettings> checked_settings(const Statement& statement, bool is_get) const {
    ChdbSettings out;
    for (const auto& [name, value] : statement.settings) {
      if (!storage_->knows_setting(name)) return std::unexpected(ClickHouseError{115, error_text(115, fmt::format("Unknown setting '{}'.", name), "UNKNOWN_SETTING")});
      if (name != "log_comment" && !(is_get && name == "readonly")) out.emplace_back(name, value);
    }
    if (is_get) out.emplace_back("readonly", "1");
    return out;
  }

  net::HttpResponse head_of(const Statement& s, std::string_view format) const {
    net::HttpResponse out;
    out.set("Content-Type", std::string(content_type_of(format)));
    out.set("X-ClickHouse-Query-Id", s.query_id);
    out.set("X-ClickHouse-Format", std::string(format));
    out.set("X-ClickHouse-Timezone", "UTC");
    out.set("X-ClickHouse-Server-Display-Name", "yagura");
    return out;
  }

  static net::HttpResponse error_response(const ClickHouseError& error, const std::string& query_id) {
    auto out = net::text_response(http_status_of(error.code), error.text + "\n");
    out.set("X-ClickHouse-Exception-Code", std::to_string(error.code));
    out.set("X-ClickHouse-Server-Display-Name", "yagura");
    if (!query_id.empty()) out.set("X-ClickHouse-Query-Id", query_id);
    if (out.status == 401) out.set("WWW-Authenticate", "Basic realm=\"yagura\"");
    return out;
  }

  std::optional<net::HttpResponse> run(const net::HttpRequest& request, ChdbConnection& connection, const Statement& s, net::HttpStream& stream,
                                       RunningQueries::Scope& scope) {
    const auto begun = Clock::now();
    const auto elapsed = [&] { return static_cast<std::uint64_t>(std::chrono::nanoseconds(Clock::now() - begun).count()); };
    const std::string format = s.shape.format.empty() ? s.default_format : s.shape.format;
    if (s.shape.has_data) {
      // A cancelled insert may be committed all the same: let it end, its token makes the repeat harmless.
      auto counts = connection.insert(s.sql, s.shape.format, s.data, s.parameters);
      if (!counts) return error_response(counts.error(), s.query_id);
      auto out = head_of(s, format);
      out.set("X-ClickHouse-Summary", summary_of(*counts, elapsed()));
      return out;
    }
    const bool returns_rows = s.shape.first_word == "SELECT" || s.shape.first_word == "WITH";
    ResponseEncoder encoder(s.may_compress ? request.header("accept-encoding") : std::string_view());
    if (!returns_rows || s.wait_end || !is_streamable(format)) {
      scope.work();
      auto result = connection.query(s.sql, format, s.parameters);
      constexpr int kNotEnoughSpace = 243;
      const bool drops = s.shape.first_word == "ALTER" || s.shape.first_word == "DROP" || s.shape.first_word == "TRUNCATE";
      if (drops && !result && result.error().code == kNotEnoughSpace && storage_->give_up_reserve()) result = connection.query(s.sql, format, s.parameters);
      if (drops) storage_->take_reserve();
      scope.rest();
      if (!result) return error_response(result.error(), s.query_id);
      auto out = head_of(s, format);
      out.set("X-ClickHouse-Summary", summary_of(result->counts, elapsed()));
      return encoder.finish(std::move(out), std::move(result->data));
    }
    auto pieces = connection.stream(s.sql, format, s.parameters);
    if (!pieces) return error_response(pieces.error(), s.query_id);
    std::string kept, revised;
    bool streaming = false;
    std::string tag;
    const auto begin_streaming = [&]() -> Result<> {
      tag = new_exception_tag();
      auto head = head_of(s, format);
      head.set("X-ClickHouse-Exception-Tag", tag);
      head.set("X-ClickHouse-Summary", summary_of((*pieces)->counts(), elapsed()));
      if (!encoder.name().empty()) head.set("Content-Encoding", std::string(encoder.name()));
      TRY(stream.start(head));
      streaming = true;
      return stream.write(encoder.add(std::exchange(kept, {})));
    };
    while (true) {
      scope.work();
      auto piece = (*pieces)->next();
      scope.rest();
      if (piece && !piece->empty() && s.revision > 0 && format == "Native") {
        revised.clear();
        if (auto done = append_native_revision(revised, *piece, s.revision); done) piece = std::string_view(revised);
        else piece = std::unexpected(ClickHouseError{48, error_text(48, done.error().message(), "NOT_IMPLEMENTED")});
      }
      if (!piece) {
        if (!streaming) return error_response(piece.error(), s.query_id);
        const std::string& text = piece.error().text;
        const std::string frame = fmt::format("\r\n__exception__\r\n{0}\r\n{1}\n{2} {0}\r\n__exception__\r\n", tag, text, text.size() + 1);
        if (stream.write(encoder.add(frame))) (void)stream.write(encoder.end());
        throw std::runtime_error(text);  // the connection is cut: no reader takes the result for whole
      }
      if (piece->empty()) break;
      if (!streaming && kept.size() + piece->size() <= kWholeAnswer) {
        kept += *piece;
        continue;
      }
      Result<> sent;
      if (!streaming) sent = begin_streaming();
      if (sent) sent = stream.write(encoder.add(*piece));
      if (!sent) return std::nullopt;  // the client has gone; dropping the stream cancels the query
    }
    if (streaming) {
      (void)stream.write(encoder.end());
      return std::nullopt;
    }
    auto out = head_of(s, format);
    out.set("X-ClickHouse-Summary", summary_of((*pieces)->counts(), elapsed()));
    return encoder.finish(std::move(out), std::move(kept));
  }

  static std::string new_exception_tag() {
    std::string tag(16, 'a');
    for (char& c : tag) c = static_cast<char>('a' + random_u64() % 26);
    return tag;
  }

  const EngineOptions options_;
  std::unique_ptr<Storage> storage_;
  RunningQueries running_;
  std::atomic<std::uint64_t> next_tag_{1};
  std::unique_ptr<net::HttpServer> local_, remote_;
};

}  // namespace

Result<std::unique_ptr<EngineServer>> EngineServer::start(const EngineOptions& options) {
  ::setenv("TZ", "UTC", 1);  // what toDate() means must not depend on the machine
  auto server = std::make_unique<ServerImpl>(options);
  TRY(server->open());
  return server;
}

}  // namespace yagura::engine
