#include "serve/api.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/file.hpp"
#include "base/time.hpp"
#include "serve/fake_query_service.hpp"

namespace yagura::serve {
namespace {

namespace json = boost::json;
using net::HttpHeader;
using net::HttpRequest;
using net::HttpResponse;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kPassword = "correct horse battery";

// Collects what a handler writes; can hang up after so many pieces.
class FakeStream : public net::HttpStream {
 public:
  Result<> start(const HttpResponse& head) override {
    head_ = head;
    return {};
  }
  Result<> write(std::string_view piece) override {
    const std::lock_guard lock(mutex_);
    if (gone_) return fail(ErrorKind::unavailable, "the peer has gone");
    written_ += piece;
    return {};
  }
  bool peer_gone() const override { return gone_; }
  void hang_up() { gone_ = true; }
  std::string written() {
    const std::lock_guard lock(mutex_);
    return written_;
  }
  std::optional<HttpResponse> head_;

 private:
  std::mutex mutex_;
  std::string written_;
  std::atomic<bool> gone_{false};
};

class ApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    control_ = *control::ControlDb::open(
        folder_.path() / "control.db",
        {.password_cost = {.operations = 1, .memory = 8_KiB}, .clock = [this] { return now_.load(); }});
    const control::Actor setup{"setup", ""};
    for (const auto role : {control::Role::reader, control::Role::contributor, control::Role::admin}) {
      const std::string name(to_string(role));
      const auto user =
          control_->users().create({.name = name, .role = role, .password = std::string(kPassword)}, setup);
      tokens_[name] = control_->tokens().create({.name = "test", .user_id = user->id, .role = role}, setup)->token;
    }
    event::TableSchema syslog{.name = "Syslog", .columns = {{"Computer", event::KqlType::string, "Host"}}};
    event::TableSchema alerts{.name = "SecurityAlert", .columns = {}};
    auto schemas = std::make_shared<event::SchemaSet>();
    schemas->put(syslog);
    schemas->put(alerts);
    schemas_ = schemas;
    start({});
  }

  void start(ApiOptions options) {
    ApiServices services{
        .control = control_.get(), .query = &query_, .tail = &tail_, .schemas = [this] { return schemas_; }};
    services.create_table = [this](const event::TableSchema& schema) -> Result<> {
      auto next = std::make_shared<event::SchemaSet>(*schemas_);
      next->put(schema);
      schemas_ = next;
      return {};
    };
    services.sources = [] {
      return std::vector<SourceReport>{
          {.name = "syslog-udp", .kind = "syslog", .address = "0.0.0.0:5514/udp", .state = "listening", .received = 7}};
    };
    services.health = [this] {
      return std::vector<HealthReport>{{.name = "store", .healthy = healthy_, .detail = "fine"}};
    };
    services.rules = [this] {
      const auto state = control_->rule_states().get("r1");
      return std::vector<RuleReport>{{.id = "r1",
                                      .title = "A rule",
                                      .kind = "sigma",
                                      .severity = "High",
                                      .enabled = !*state || (*state)->enabled}};
    };
    api_ = std::make_unique<Api>(services, options);
  }

  HttpResponse call(std::string method, std::string target, std::string body = {},
                    std::vector<HttpHeader> headers = {}) {
    FakeStream stream;
    return call(stream, std::move(method), std::move(target), std::move(body), std::move(headers));
  }
  HttpResponse call(FakeStream& stream, std::string method, std::string target, std::string body = {},
                    std::vector<HttpHeader> headers = {}) {
    if (!body.empty()) headers.push_back({"Content-Type", "application/json"});
    headers.push_back({"Host", "yagura.test"});
    auto response = api_->handle({.method = std::move(method),
                                  .target = std::move(target),
                                  .headers = std::move(headers),
                                  .body = std::move(body),
                                  .peer = peer_},
                                 stream);
    if (response) return *std::move(response);
    HttpResponse streamed = stream.head_.value_or(HttpResponse{.status = 0, .headers = {}, .body = {}});
    streamed.body = stream.written();
    return streamed;
  }
  std::vector<HttpHeader> as(const std::string& who) { return {{"Authorization", "Bearer " + tokens_[who]}}; }
  static json::value parsed(const HttpResponse& response) {
    boost::system::error_code error;
    auto value = json::parse(response.body, error);
    EXPECT_FALSE(error) << response.body;
    return value;
  }
  struct Browser {
    std::string cookie, csrf;
    std::vector<HttpHeader> headers() const { return {{"Cookie", cookie}, {"X-Yagura-CSRF", csrf}}; }
  };
  Browser sign_in(std::string name) {
    const auto response = call("POST", "/api/v1/session",
                               json::serialize(json::object{{"name", name}, {"password", std::string(kPassword)}}));
    EXPECT_EQ(response.status, 200) << response.body;
    const std::string cookie(response.header("Set-Cookie"));
    return {cookie.substr(0, cookie.find(';')), std::string(parsed(response).at("csrf_token").as_string())};
  }

  TemporaryDirectory folder_;
  std::atomic<std::int64_t> now_{from_civil({.year = 2026, .month = 3, .day = 1, .hour = 12})};
  std::unique_ptr<control::ControlDb> control_;
  FakeQueryService query_;
  TailHub tail_;
  std::shared_ptr<const event::SchemaSet> schemas_;
  std::map<std::string, std::string> tokens_;
  std::string peer_ = "192.0.2.9:50000";
  bool healthy_ = true;
  std::unique_ptr<Api> api_;
};

TEST_F(ApiTest, SignInGivesAStrictCookieAndSignOutEndsIt) {
  const auto response = call("POST", "/api/v1/session", R"({"name":"admin","password":"correct horse battery"})");
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_THAT(std::string(response.header("Set-Cookie")), HasSubstr("HttpOnly; SameSite=Strict"));
  const Browser browser = sign_in("admin");
  EXPECT_EQ(call("GET", "/api/v1/me", {}, browser.headers()).status, 200);
  EXPECT_EQ(call("DELETE", "/api/v1/session", {}, browser.headers()).status, 204);
  EXPECT_EQ(call("GET", "/api/v1/me", {}, browser.headers()).status, 401);
}

TEST_F(ApiTest, CookieOverTlsIsBoundToTheHost) {
  start({.secure_cookies = true});
  const auto response = call("POST", "/api/v1/session", R"({"name":"admin","password":"correct horse battery"})");
  EXPECT_THAT(std::string(response.header("Set-Cookie")), HasSubstr("__Host-yagura="));
  EXPECT_THAT(std::string(response.header("Set-Cookie")), HasSubstr("; Secure"));
}

TEST_F(ApiTest, ACookieOfTlsIsNoneOverPlainHttp) {
  FakeStream stream;
  const HttpRequest sign_in_request{.method = "POST",
                                    .target = "/api/v1/session",
                                    .headers = {{"Content-Type", "application/json"}},
                                    .body = R"({"name":"admin","password":"correct horse battery"})",
                                    .peer = peer_};
  const auto response = api_->handle(sign_in_request, stream, Api::Transport::encrypted);
  const std::string set_cookie(response->header("Set-Cookie"));
  EXPECT_THAT(set_cookie, HasSubstr("; Secure"));
  const HttpRequest me{
      .target = "/api/v1/me", .headers = {{"Cookie", set_cookie.substr(0, set_cookie.find(';'))}}, .peer = peer_};
  EXPECT_EQ(api_->handle(me, stream, Api::Transport::encrypted)->status, 200);
  EXPECT_EQ(api_->handle(me, stream, Api::Transport::plain)->status, 401);
}

TEST_F(ApiTest, WrongPasswordsAreRefusedAndSlowedDown) {
  int limited = 0;
  for (int i = 0; i < 30; ++i) {
    const auto response =
        call("POST", "/api/v1/session", R"({"name":"x)" + std::to_string(i) + R"(","password":"nope"})");
    EXPECT_TRUE(response.status == 401 || response.status == 429) << response.status;
    limited += response.status == 429;
  }
  EXPECT_EQ(limited, 10);
  peer_ = "192.0.2.10:1";
  EXPECT_EQ(call("POST", "/api/v1/session", R"({"name":"admin","password":"correct horse battery"})").status, 200);
}

TEST_F(ApiTest, ForgedRequestsAreRefused) {
  const Browser browser = sign_in("admin");
  const std::string body = R"({"name":"q","text":"Syslog"})";
  EXPECT_EQ(call("POST", "/api/v1/saved-queries", body, {{"Cookie", browser.cookie}}).status, 403);
  EXPECT_EQ(
      call("POST", "/api/v1/saved-queries", body, {{"Cookie", browser.cookie}, {"X-Yagura-CSRF", "wrong"}}).status,
      403);
  auto headers = browser.headers();
  headers.push_back({"Origin", "https://evil.test"});
  EXPECT_EQ(call("POST", "/api/v1/saved-queries", body, headers).status, 403);
  headers = browser.headers();
  headers.push_back({"Sec-Fetch-Site", "cross-site"});
  EXPECT_EQ(call("POST", "/api/v1/saved-queries", body, headers).status, 403);
  headers = browser.headers();
  headers.push_back({"Origin", "https://yagura.test"});
  headers.push_back({"Sec-Fetch-Site", "same-origin"});
  EXPECT_EQ(call("POST", "/api/v1/saved-queries", body, headers).status, 201);
  // A form of another site can send text/plain without asking.
  EXPECT_EQ(call("POST", "/api/v1/session", {}, {{"Content-Type", "text/plain"}}).status, 400);
}

TEST_F(ApiTest, EveryRouteButTheOpenOnesWantsCredentials) {
  const auto document = parsed(call("GET", "/api/v1/openapi.json"));
  int checked = 0;
  for (const auto& [path, operations] : document.at("paths").as_object()) {
    for (const auto& [method, operation] : operations.as_object()) {
      const bool open = operation.at("security").as_array().empty();
      std::string upper(method);
      for (char& c : upper) c = static_cast<char>(std::toupper(c));
      const auto response = call(upper, std::string(path));
      if (path == "/api/v1/siem-agent/poll") {  // open to no user: it wants a token of its own
        EXPECT_EQ(response.status, 401);
      } else if (open) {
        EXPECT_THAT(
            (std::vector<std::string>{"/health", "/ready", "/metrics", "/api/v1/openapi.json", "/api/v1/session", "/v1/rest/auth/metadata"}),
            ::testing::Contains(std::string(path)));
      } else {
        EXPECT_EQ(response.status, 401) << upper << " " << path;
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 20);
}

TEST_F(ApiTest, RolesMayWhatTheyMay) {
  EXPECT_EQ(call("GET", "/api/v1/users", {}, as("Reader")).status, 403);
  EXPECT_EQ(call("GET", "/api/v1/users", {}, as("Contributor")).status, 403);
  EXPECT_EQ(call("GET", "/api/v1/users", {}, as("Admin")).status, 200);
  EXPECT_EQ(call("PATCH", "/api/v1/rules/r1", R"({"enabled":false})", as("Reader")).status, 403);
  const auto changed = call("PATCH", "/api/v1/rules/r1", R"({"enabled":false})", as("Contributor"));
  EXPECT_EQ(changed.status, 200);
  EXPECT_FALSE(parsed(changed).at("enabled").as_bool());
  EXPECT_EQ(call("GET", "/api/v1/audit", {}, as("Contributor")).status, 403);
  const auto audit = parsed(call("GET", "/api/v1/audit?action=rule.change", {}, as("Admin")));
  EXPECT_EQ(audit.at("entries").as_array().size(), 1U);
}

TEST_F(ApiTest, UsersAreMadeChangedAndRemoved) {
  const auto made =
      call("POST", "/api/v1/users", R"({"name":"zoe","password":"a long enough one","role":"responder"})", as("Admin"));
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_THAT(made.body, Not(HasSubstr("a long enough one")));
  const std::string path = "/api/v1/users/" + std::to_string(parsed(made).at("id").as_int64());
  EXPECT_EQ(call("PATCH", path, R"({"enabled":false})", as("Admin")).status, 200);
  const auto typo = call("PATCH", path, R"({"enabld":false})", as("Admin"));
  EXPECT_EQ(typo.status, 400);
  EXPECT_THAT(typo.body, HasSubstr("did you mean 'enabled'"));
  EXPECT_EQ(call("DELETE", path, {}, as("Admin")).status, 204);
  EXPECT_EQ(call("DELETE", path, {}, as("Admin")).status, 404);
  EXPECT_EQ(call("POST", "/api/v1/users", R"({"name":"z","password":"short"})", as("Admin")).status, 400);
}

TEST_F(ApiTest, WhoMustChangeThePasswordDoesThatFirst) {
  const auto user = control_->users().find("Reader");
  ASSERT_TRUE(control_->users().change(user->id, {.must_change_password = true}, {"t", ""}));
  const Browser browser = sign_in("Reader");
  EXPECT_EQ(call("GET", "/api/v1/tables", {}, browser.headers()).status, 403);
  EXPECT_EQ(
      call("POST", "/api/v1/me/password",
           R"({"old_password":"correct horse battery","new_password":"a better one than that"})", browser.headers())
          .status,
      204);
  EXPECT_EQ(call("GET", "/api/v1/tables", {}, browser.headers()).status, 200);
}

TEST_F(ApiTest, TokensAreShownOnceAndBelongToTheirUser) {
  const Browser reader = sign_in("Reader");
  const auto made =
      call("POST", "/api/v1/tokens", R"({"name":"mine","scopes":["query"],"expires_in_days":1})", reader.headers());
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string secret(parsed(made).at("token").as_string());
  EXPECT_EQ(call("GET", "/api/v1/tables", {}, {{"Authorization", "Bearer " + secret}}).status, 200);
  EXPECT_EQ(call("GET", "/api/v1/sources", {}, {{"Authorization", "Bearer " + secret}}).status, 403);
  const auto list = call("GET", "/api/v1/tokens", {}, reader.headers());
  EXPECT_THAT(list.body, Not(HasSubstr(secret)));
  EXPECT_EQ(parsed(list).at("tokens").as_array().size(), 2U);
  // Not more than its user may, not by another token, and not somebody else's.
  EXPECT_EQ(call("POST", "/api/v1/tokens", R"({"name":"up","role":"Admin"})", reader.headers()).status, 403);
  EXPECT_EQ(call("POST", "/api/v1/tokens", R"({"name":"child"})", as("Reader")).status, 403);
  const std::string path = "/api/v1/tokens/" + std::to_string(parsed(made).at("id").as_int64());
  EXPECT_EQ(call("DELETE", path, {}, as("Contributor")).status, 404);
  EXPECT_EQ(call("DELETE", path, {}, reader.headers()).status, 204);
  EXPECT_EQ(call("GET", "/api/v1/tables", {}, {{"Authorization", "Bearer " + secret}}).status, 401);
}

TEST_F(ApiTest, LogAnalyticsAnswersAsTheServiceDoes) {
  const auto response = call("POST", "/v1/workspaces/any/query",
                             R"({"query":"rows 3","timespan":"P1D","workspaces":null})", as("Reader"));
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(
      response.body,
      R"x({"tables":[{"name":"PrimaryResult","columns":[{"name":"TimeGenerated","type":"datetime"},)x"
      R"x({"name":"Flag","type":"bool"},{"name":"Small","type":"int"},{"name":"Big","type":"long"},)x"
      R"x({"name":"Ratio","type":"real"},{"name":"Money","type":"decimal"},{"name":"Text","type":"string"},)x"
      R"x({"name":"Took","type":"timespan"},{"name":"Id","type":"guid"},{"name":"Bag","type":"dynamic"}],"rows":[)x"
      R"x(["2026-03-01T12:00:00.12Z",true,-7,42,1.0,"12.50","a \"quoted\", line\n","1.02:03:04.5000000","01234567-89ab-cdef-0123-456789abcdef","{\"a\":[1,2]}"],)x"
      R"x(["2026-03-01T12:00:00.12Z",false,-7,9223372036854775807,"NaN","12.50","=cmd()","1.02:03:04.5000000","01234567-89ab-cdef-0123-456789abcdef","{\"a\":[1,2]}"],)x"
      R"x([null,null,null,null,null,null,"",null,null,null]]}]})x");
  EXPECT_EQ(query_.last().from_ticks, now_ - kTicksPerDay);
  EXPECT_EQ(query_.last().to_ticks, now_.load());
  EXPECT_EQ(query_.last().limits.timeout, std::chrono::minutes(3));
}

TEST_F(ApiTest, LogAnalyticsPreferences) {
  auto headers = as("Reader");
  headers.push_back({"Prefer", "wait=30,include-statistics=true,include-render=true"});
  const auto response = call("POST", "/v1/workspaces/any/query", R"({"query":"render"})", headers);
  const auto body = parsed(response);
  EXPECT_EQ(body.at("render").at("visualization").as_string(), "timechart");
  EXPECT_EQ(body.at("render").at("title").as_string(), "Volume");
  EXPECT_FALSE(body.at("render").at("accumulate").as_bool());
  EXPECT_EQ(body.at("statistics").at("query").at("executionTime").as_double(), 0.0015);
  EXPECT_EQ(query_.last().limits.timeout, std::chrono::seconds(30));
  EXPECT_FALSE(query_.last().from_ticks.has_value());
}

TEST_F(ApiTest, LogAnalyticsErrors) {
  const auto failing = [&](std::string query) {
    return call("POST", "/v1/workspaces/any/query", R"({"query":")" + query + R"("})", as("Reader"));
  };
  const auto syntax = failing("syntax");
  EXPECT_EQ(syntax.status, 400);
  const auto error = parsed(syntax).at("error");
  EXPECT_EQ(error.at("code").as_string(), "BadArgumentError");
  EXPECT_EQ(error.at("innererror").at("code").as_string(), "SyntaxError");
  EXPECT_EQ(error.at("innererror").at("innererror").at("line").as_int64(), 2);
  EXPECT_EQ(error.at("innererror").at("innererror").at("pos").as_int64(), 5);
  EXPECT_EQ(error.at("innererror").at("innererror").at("token").as_string(), "ynt");
  EXPECT_EQ(parsed(failing("semantic")).at("error").at("innererror").at("code").as_string(), "SemanticError");
  EXPECT_EQ(failing("down").status, 503);
  EXPECT_EQ(failing("").status, 400);
  const auto partial = failing("truncate");
  EXPECT_EQ(partial.status, 200);
  EXPECT_EQ(parsed(partial).at("error").at("code").as_string(), "PartialError");
  EXPECT_EQ(parsed(partial).at("tables").at(0).at("rows").as_array().size(), 2U);

  const auto nobody = call("POST", "/v1/workspaces/any/query", R"({"query":"rows 1"})");
  EXPECT_EQ(nobody.status, 401);
  EXPECT_EQ(parsed(nobody).at("error").at("code").as_string(), "AuthenticationFailed");
  const auto wrong =
      call("POST", "/v1/workspaces/any/query", R"({"query":"rows 1"})", {{"Authorization", "Bearer nonsense"}});
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(parsed(wrong).at("error").at("code").as_string(), "InvalidAuthenticationToken");
  EXPECT_EQ(call("GET", "/v1/nothing", {}, as("Reader")).status, 404);
}

TEST_F(ApiTest, LogAnalyticsGetAndBatch) {
  EXPECT_EQ(call("GET", "/v1/workspaces/w/query?query=rows%201&timespan=PT1H", {}, as("Reader")).status, 200);
  const auto batch = call(
      "POST", "/v1/$batch",
      R"({"requests":[{"id":"1","body":{"query":"rows 1"},"method":"POST","path":"/query","workspace":"w","headers":{"prefer":"include-statistics=true"}},)"
      R"({"id":"2","body":{"query":"syntax"},"method":"POST","path":"/query","workspace":"w"},)"
      R"({"id":"3","body":{"query":"rows 1"},"path":"/other","workspace":"w"}]})",
      as("Reader"));
  ASSERT_EQ(batch.status, 200) << batch.body;
  const auto responses = parsed(batch).at("responses").as_array();
  ASSERT_EQ(responses.size(), 3U);
  EXPECT_EQ(responses[0].at("status").as_int64(), 200);
  EXPECT_TRUE(responses[0].at("body").as_object().contains("statistics"));
  EXPECT_EQ(responses[1].at("status").as_int64(), 400);
  EXPECT_EQ(responses[2].at("status").as_int64(), 400);
  EXPECT_EQ(call("POST", "/v1/$batch", R"({"requests":[]})", as("Reader")).status, 400);
  EXPECT_EQ(call("POST", "/v1/%24batch", R"({"requests":[]})", as("Reader")).status, 400);
}

TEST_F(ApiTest, OwnQueryStreamsLines) {
  FakeStream stream;
  const auto response = call(stream, "POST", "/api/v1/query", R"({"query":"rows 2"})", as("Reader"));
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(std::string(response.header("Content-Type")), HasSubstr("ndjson"));
  EXPECT_EQ(response.header("X-Content-Type-Options"), "nosniff");
  std::vector<json::value> lines;
  for (std::size_t at = 0; at < response.body.size();) {
    const auto end = response.body.find('\n', at);
    lines.push_back(json::parse(response.body.substr(at, end - at)));
    at = end + 1;
  }
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0].at("columns").as_array().size(), 10U);
  EXPECT_EQ(lines[1].at("rows").at(1).at(3).as_string(), "9223372036854775807");
  EXPECT_EQ(lines[2].at("stats").at("rows_returned").as_int64(), 2);
}

TEST_F(ApiTest, OwnQueryErrorsCarryPositions) {
  const auto response = call("POST", "/api/v1/query", R"({"query":"semantic"})", as("Reader"));
  EXPECT_EQ(response.status, 400);
  const auto diagnostic = parsed(response).at("error").at("diagnostics").at(0);
  EXPECT_EQ(diagnostic.at("code").as_string(), "KS142");
  EXPECT_EQ(diagnostic.at("line").as_int64(), 1);
  // After the first rows the error stands in the last line.
  EXPECT_THAT(call("POST", "/api/v1/query", R"({"query":"break"})", as("Reader")).body,
              HasSubstr(R"("error":{"code":"unavailable")"));
}

TEST_F(ApiTest, CsvQuotesAndDisarms) {
  const auto response = call("POST", "/api/v1/query?format=csv", R"({"query":"rows 2"})", as("Reader"));
  EXPECT_THAT(response.body, HasSubstr("TimeGenerated,Flag,Small"));
  EXPECT_THAT(response.body, HasSubstr("\"a \"\"quoted\"\", line\n\""));
  EXPECT_THAT(response.body, HasSubstr("\"'=cmd()\""));
  EXPECT_THAT(std::string(response.header("Content-Disposition")), HasSubstr("query.csv"));
}

// A CSV has no place for an error: the server must break the answer off, not end it as if it were whole.
TEST_F(ApiTest, CsvThatBreaksOffIsNotEndedProperly) {
  FakeStream stream;
  EXPECT_THROW(call(stream, "POST", "/api/v1/query?format=csv", R"({"query":"break"})", as("Reader")), std::exception);
  EXPECT_EQ(stream.head_->status, 200);
  EXPECT_EQ(call("POST", "/api/v1/query?format=csv", R"({"query":"down"})", as("Reader")).status, 503);
}

TEST_F(ApiTest, HangingUpCancelsTheQuery) {
  FakeStream stream;
  std::jthread client([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    stream.hang_up();
  });
  const auto start = std::chrono::steady_clock::now();
  const auto response = call(stream, "POST", "/api/v1/query", R"({"query":"slow"})", as("Reader"));
  EXPECT_EQ(response.status, 499);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
}

TEST_F(ApiTest, TooManyQueriesAreTurnedAway) {
  start({.max_queries = 1});
  FakeStream stream;
  std::jthread first([&] { call(stream, "POST", "/api/v1/query", R"({"query":"slow"})", as("Reader")); });
  while (query_.last().text != "slow") std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const auto second = call("POST", "/api/v1/query", R"({"query":"rows 1"})", as("Reader"));
  EXPECT_EQ(second.status, 429);
  EXPECT_EQ(second.header("Retry-After"), "5");
  stream.hang_up();
}

TEST_F(ApiTest, QueriesAreAudited) {
  call("POST", "/api/v1/query", R"({"query":"rows 2"})", as("Reader"));
  const auto entries = control_->audit().list({.action = "query"});
  ASSERT_EQ(entries->size(), 1U);
  EXPECT_EQ(entries->front().actor.name, "Reader (token test)");
  EXPECT_EQ(entries->front().actor.peer, "192.0.2.9");
  EXPECT_EQ(entries->front().detail, "rows 2");
  EXPECT_THAT(entries->front().outcome, HasSubstr("2 rows"));
}

TEST_F(ApiTest, TailSendsRowsAndStopsWithTheServer) {
  FakeStream stream;
  std::jthread watcher([&] { call(stream, "GET", "/api/v1/tail?table=Syslog&text=QUOTED", {}, as("Reader")); });
  while (!tail_.watched()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  tail_.publish(every_type_batch(3));
  for (int i = 0; i < 400 && stream.written().find("event: rows") == std::string::npos; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_THAT(stream.written(), HasSubstr(R"(data: [{"table":"Syslog","row":{"TimeGenerated")"));
  EXPECT_THAT(stream.written(), Not(HasSubstr("=cmd()")));
  api_->stop();
  watcher.join();
  EXPECT_THAT(stream.written(), HasSubstr("event: end"));
}

TEST_F(ApiTest, TailOfNoTableIsNotFound) {
  EXPECT_EQ(call("GET", "/api/v1/tail?table=Nope", {}, as("Reader")).status, 404);
}

TEST_F(ApiTest, TablesForTheEditorWithEtag) {
  const auto response = call("GET", "/api/v1/tables", {}, as("Reader"));
  EXPECT_EQ(parsed(response).at("tables").at(1).at("name").as_string(), "Syslog");
  auto headers = as("Reader");
  headers.push_back({"If-None-Match", std::string(response.header("ETag"))});
  EXPECT_EQ(call("GET", "/api/v1/tables", {}, headers).status, 304);
}

TEST_F(ApiTest, CustomTablesAreCheckedAndMade) {
  const auto make = [&](std::string body, std::string who = "Contributor") {
    return call("POST", "/api/v1/tables", body, as(who));
  };
  const std::string good =
      R"({"name":"Doors_CL","columns":[{"name":"Door","type":"string"},{"name":"Open","type":"bool"}]})";
  EXPECT_EQ(make(good, "Reader").status, 403);
  const auto made = make(good);
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_THAT(made.body, HasSubstr("TimeGenerated"));
  EXPECT_NE(schemas_->find("Doors_CL"), nullptr);
  EXPECT_EQ(control_->custom_tables().list()->size(), 1U);
  EXPECT_EQ(make(good).status, 409);
  EXPECT_EQ(make(R"({"name":"Doors","columns":[{"name":"Door","type":"string"}]})").status, 400);
  EXPECT_EQ(make(R"({"name":"A_CL","columns":[]})").status, 400);
  EXPECT_EQ(make(R"({"name":"A_CL","columns":[{"name":"_ItemId","type":"string"}]})").status, 400);
  EXPECT_EQ(make(R"({"name":"A_CL","columns":[{"name":"x","type":"text"}]})").status, 400);
  EXPECT_EQ(make(R"({"name":"A_CL","columns":[{"name":"TimeGenerated","type":"string"}]})").status, 400);
  const auto missing = call("GET", "/api/v1/tables/Sylsog", {}, as("Reader"));
  EXPECT_THAT(missing.body, HasSubstr("did you mean 'Syslog'"));
}

TEST_F(ApiTest, AlertsComeFromTheirTable) {
  const auto response = call("GET", "/api/v1/alerts?limit=5", {}, as("Reader"));
  EXPECT_EQ(parsed(response).at("alerts").as_array().size(), 1U);
  EXPECT_EQ(query_.last().text, "SecurityAlert | sort by TimeGenerated desc | take 5");
  EXPECT_EQ(call("GET", "/api/v1/alerts?limit=x", {}, as("Reader")).status, 400);
}

TEST_F(ApiTest, HealthReadyMetricsAndSources) {
  EXPECT_EQ(call("GET", "/health").status, 200);
  EXPECT_EQ(call("GET", "/ready").status, 200);
  healthy_ = false;
  EXPECT_EQ(call("GET", "/health").status, 200);
  EXPECT_EQ(call("GET", "/ready").status, 503);
  EXPECT_EQ(parsed(call("GET", "/api/v1/health", {}, as("Reader"))).at("parts").at(0).at("name").as_string(), "store");
  EXPECT_EQ(parsed(call("GET", "/api/v1/sources", {}, as("Reader"))).at("sources").at(0).at("received").as_int64(), 7);
  EXPECT_EQ(call("GET", "/metrics").status, 401);
  EXPECT_EQ(call("GET", "/metrics", {}, as("Reader")).status, 200);
  peer_ = "127.0.0.1:1";
  EXPECT_THAT(call("GET", "/metrics").body, HasSubstr("yagura_http_requests_total"));
}

TEST_F(ApiTest, WrongPathsMethodsAndBodies) {
  EXPECT_EQ(call("GET", "/api/v1/nothing", {}, as("Reader")).status, 404);
  const auto wrong_method = call("PUT", "/api/v1/tables", {}, as("Reader"));
  EXPECT_EQ(wrong_method.status, 405);
  EXPECT_EQ(wrong_method.header("Allow"), "GET, POST");
  EXPECT_EQ(call("POST", "/api/v1/query", "{", as("Reader")).status, 400);
  EXPECT_EQ(call("POST", "/api/v1/query", "[1]", as("Reader")).status, 400);
  EXPECT_EQ(call("POST", "/api/v1/query", std::string(100'000, '['), as("Reader")).status, 400);
  EXPECT_EQ(call("POST", "/api/v1/query", R"({"query":7})", as("Reader")).status, 400);
  EXPECT_EQ(call("DELETE", "/api/v1/users/abc", {}, as("Admin")).status, 404);
  EXPECT_EQ(call("GET", "/api/v1/users", {}, {{"Authorization", "Basic abc"}}).status, 401);
}

TEST_F(ApiTest, OpenApiDocumentIsWhole) {
  const auto document = parsed(call("GET", "/api/v1/openapi.json"));
  EXPECT_EQ(document.at("openapi").as_string(), "3.1.0");
  EXPECT_EQ(document.at("paths").at("/api/v1/users/{id}").at("patch").at("x-permission").as_string(), "manage_users");
}

}  // namespace
}  // namespace yagura::serve
