#include "engine/engine_server.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "engine/engine_program.hpp"
#include "engine/engine_supervisor.hpp"
#include "net/http_client.hpp"
#include "testing/engine_process.hpp"
#include "testing/test_program.hpp"

namespace yagura::engine {
namespace {

const testing::RegisterProgram engine_program("engine", [](int, char**) { return run_engine_from_stdin(); });

class RealEngine : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto library = testing::engine_library(why_not());
    if (library.empty()) return;
    SupervisorOptions options;
    options.engine.data = folder().path() / "data";
    options.engine.library = library;
    options.engine.unix_socket = folder().path() / "engine.sock";
    options.engine.max_memory = 2_GiB;
    options.engine.tcp.emplace();
    options.engine.tcp->port = kPort;
    options.engine.tcp->password = "reading";
    auto started = EngineSupervisor::start(options);
    ASSERT_TRUE(started) << started.error().message();
    supervisor() = std::move(*started);
    const auto ready = supervisor()->wait_until_ready(Deadline::in(std::chrono::seconds(60)));
    ASSERT_TRUE(ready) << ready.error().message();
  }
  static void TearDownTestSuite() { supervisor().reset(); }
  void SetUp() override {
    if (!supervisor()) GTEST_SKIP() << why_not();
    net::HttpClientOptions local;
    local.unix_socket = supervisor()->engine().unix_socket;
    local_ = net::HttpClient::create(local);
    net::HttpClientOptions remote;
    remote.host = "127.0.0.1";
    remote.port = kPort;
    remote_ = net::HttpClient::create(remote);
  }

  net::HttpResponse ask(std::string_view sql, std::string_view more = "") {
    net::HttpRequest request;
    request.method = "POST";
    request.target = "/?query=" + percent_encode(sql) + std::string(more);
    request.headers = {{"X-ClickHouse-User", "yagura"}, {"X-ClickHouse-Key", supervisor()->engine().secret}};
    auto response = local_->send(request, Deadline::in(std::chrono::seconds(30)));
    return response ? *response : net::text_response(0, response.error().message());
  }
  net::HttpResponse ask_as_reader(std::string_view sql, std::string_view more = "", std::string_view password = "reading") {
    net::HttpRequest request;
    request.method = "POST";
    request.target = "/?database=default" + std::string(more);
    request.headers = {{"Authorization", "Basic " + to_base64("reader:" + std::string(password))}};
    request.body = std::string(sql);
    auto response = remote_->send(request, Deadline::in(std::chrono::seconds(30)));
    return response ? *response : net::text_response(0, response.error().message());
  }

  static constexpr std::uint16_t kPort = 18923;
  static TemporaryDirectory& folder() {
    static TemporaryDirectory instance;
    return instance;
  }
  static std::unique_ptr<EngineSupervisor>& supervisor() {
    static std::unique_ptr<EngineSupervisor> instance;
    return instance;
  }
  static std::string& why_not() {
    static std::string instance;
    return instance;
  }
  std::unique_ptr<net::HttpClient> local_, remote_;
};

TEST_F(RealEngine, AnswersAsClickHouseDoes) {
  const auto one = ask("SELECT 1 + 1 AS two");
  EXPECT_EQ(one.status, 200) << one.body;
  EXPECT_EQ(one.body, "2\n");
  EXPECT_EQ(one.header("x-clickhouse-format"), "TabSeparated");
  EXPECT_NE(one.header("x-clickhouse-query-id"), "");
  EXPECT_NE(one.header("x-clickhouse-summary"), "");
  EXPECT_EQ(ask("SELECT 1 AS a FORMAT JSONEachRow").body, "{\"a\":1}\n");
  EXPECT_EQ(ask("SELECT {x:String} || {n:UInt8}", "&param_x=%27%3B%20DROP&param_n=7").body, "\\'; DROP7\n");
  EXPECT_EQ(ask("SELECT 1 AS a", "&default_format=JSONCompactEachRow").body, "[1]\n");
}

TEST_F(RealEngine, WordsErrorsAsClickHouseDoes) {
  const auto unknown = ask("SELECT * FROM nosuch");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.header("x-clickhouse-exception-code"), "60");
  EXPECT_TRUE(unknown.body.starts_with("Code: 60. DB::Exception:")) << unknown.body;
  EXPECT_EQ(ask("SELEC 1").status, 400);
  EXPECT_EQ(ask("SELECT 1", "&max_thread=2").status, 404);
  EXPECT_EQ(ask("SELECT 1", "&max_threads=many").status, 400);
  const auto late = ask("SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1", "&max_execution_time=1");
  EXPECT_EQ(late.status, 408) << late.body;
  EXPECT_EQ(ask("SELECT 1 INTO OUTFILE '/tmp/never'").status, 501);
}

TEST_F(RealEngine, InsertsFromTheBodyAndFromTheUrl) {
  ASSERT_EQ(ask("CREATE TABLE inserts (a Int32, s String) ENGINE = MergeTree ORDER BY a").status, 200);
  net::HttpRequest request;
  request.method = "POST";
  request.headers = {{"X-ClickHouse-User", "yagura"}, {"X-ClickHouse-Key", supervisor()->engine().secret}};
  request.target = "/?query=" + percent_encode("INSERT INTO inserts FORMAT TabSeparated");
  request.body = "1\tone\n2\ttwo\n";
  auto response = local_->send(request, Deadline::in(std::chrono::seconds(10)));
  ASSERT_TRUE(response) << response.error().message();
  EXPECT_EQ(response->status, 200) << response->body;
  EXPECT_NE(response->header("x-clickhouse-summary").find("\"written_rows\":\"2\""), std::string_view::npos);
  request.target = "/";
  request.body = "INSERT INTO inserts (a, s) VALUES (3, 'three'), (4, 'FORMAT \\'x')";
  response = local_->send(request, Deadline::in(std::chrono::seconds(10)));
  ASSERT_TRUE(response) << response.error().message();
  EXPECT_EQ(response->status, 200) << response->body;
  EXPECT_EQ(ask("INSERT INTO inserts SELECT 5, 'five'").status, 200);
  EXPECT_EQ(ask("SELECT count(), sum(a) FROM inserts").body, "5\t15\n");
  request.target = "/?query=" + percent_encode("INSERT INTO inserts FORMAT TabSeparated");
  request.body = "x\tone\n";
  response = local_->send(request, Deadline::in(std::chrono::seconds(10)));
  EXPECT_EQ(response->status, 400) << response->body;
}

TEST_F(RealEngine, StreamsWhatIsLargeAndMarksALateError) {
  const auto large = ask("SELECT number FROM numbers(1000000)");
  EXPECT_EQ(large.status, 200);
  EXPECT_EQ(large.body.size(), 6888890U);
  EXPECT_NE(large.header("x-clickhouse-exception-tag"), "");
  net::HttpRequest request;
  request.method = "POST";
  request.headers = {{"X-ClickHouse-User", "yagura"}, {"X-ClickHouse-Key", supervisor()->engine().secret}};
  request.body = "SELECT throwIf(number = 900000), number FROM numbers(1000000) SETTINGS max_threads = 1";
  auto stream = local_->open(request, Deadline::in(std::chrono::seconds(10)));
  ASSERT_TRUE(stream) << stream.error().message();
  EXPECT_EQ((*stream)->head().status, 200);
  std::string all;
  while (true) {
    const auto piece = (*stream)->read(Deadline::in(std::chrono::seconds(10)));
    if (!piece || piece->empty()) {
      EXPECT_FALSE(piece) << "the cut connection is an error";
      break;
    }
    all += *piece;
  }
  EXPECT_NE(all.find("__exception__\r\n" + std::string((*stream)->head().header("x-clickhouse-exception-tag")) + "\r\nCode: 395"), std::string::npos);
}

TEST_F(RealEngine, CompressesWhenAsked) {
  net::HttpRequest request;
  request.method = "POST";
  request.target = "/?enable_http_compression=1";
  request.headers = {{"X-ClickHouse-User", "yagura"}, {"X-ClickHouse-Key", supervisor()->engine().secret}, {"Accept-Encoding", "lz4, gzip"}};
  request.body = "SELECT number FROM numbers(1000000)";
  const auto response = local_->send(request, Deadline::in(std::chrono::seconds(30)));
  ASSERT_TRUE(response) << response.error().message();
  EXPECT_EQ(response->header("content-encoding"), "lz4");
  EXPECT_LT(response->body.size(), 6000000U);
  EXPECT_TRUE(response->body.starts_with("\x04\x22\x4D\x18"));
}

TEST_F(RealEngine, CancelsWhenTheClientGoes) {
  net::HttpRequest request;
  request.method = "POST";
  request.headers = {{"X-ClickHouse-User", "yagura"}, {"X-ClickHouse-Key", supervisor()->engine().secret}};
  request.body = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1";
  EXPECT_FALSE(local_->send(request, Deadline::in(std::chrono::milliseconds(500))));
  std::string running = "?";
  for (int i = 0; i < 50 && running != "0\n"; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    running = ask("SELECT count() FROM system.processes WHERE query LIKE '%sipHash64(number) = 1' AND NOT is_cancelled").body;
  }
  EXPECT_EQ(running, "0\n");
}

TEST_F(RealEngine, KillsByQueryId) {
  std::thread victim([&] {
    const auto killed = ask("SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 2", "&query_id=victim-1");
    EXPECT_EQ(killed.header("x-clickhouse-exception-code"), "394") << killed.body;
  });
  net::HttpResponse killed;
  for (int i = 0; i < 50 && killed.body.empty(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    killed = ask("KILL QUERY WHERE query_id = 'victim-1' ASYNC");
  }
  EXPECT_EQ(killed.body, "waiting\tvictim-1\n");
  victim.join();
  EXPECT_EQ(ask("KILL QUERY WHERE 1").status, 501);
}

TEST_F(RealEngine, LetsReadersOnlyRead) {
  EXPECT_EQ(ask_as_reader("SELECT 40 + 2").body, "42\n");
  EXPECT_EQ(ask_as_reader("SELECT 1", "", "wrong").status, 403);
  const std::string passwd = "/etc/passwd";
  for (const std::string& sql :
       {"SELECT file('" + passwd + "')", "SELECT `file`('" + passwd + "')", "SELECT \"fil\\x65\" ('" + passwd + "')", "SELECT file /* */ ('" + passwd + "')",
        "SELECT * FROM file('" + passwd + "', LineAsString)", "DESCRIBE file('" + passwd + "')", "DESCRIBE TABLE `" + passwd + "`", "SELECT * FROM `" + passwd + "`",
        std::string("DESCRIBE url('http://127.0.0.1:1/')"), std::string("SELECT * FROM url('http://127.0.0.1:1/', CSV)"), std::string("SELECT 1 INTO OUTFILE '/tmp/never'"),
        std::string("KILL QUERY WHERE 1"), std::string("SYSTEM SHUTDOWN"), std::string("CREATE TABLE x (a Int8) ENGINE = Memory"), std::string("INSERT INTO inserts VALUES (1, 'x')"),
        std::string("DROP TABLE inserts"), std::string("SET readonly = 0"), std::string("SELECT 1; SELECT 2"), std::string("SELECT 1 SETTINGS max_threads = 1"),
        std::string("SELECT * FROM s3('http://127.0.0.1:1/b/x')"), std::string("SELECT * FROM remote('127.0.0.1', system.one)"), std::string("EXPLAIN SELECT * FROM eval('select 1')"),
        "SELECT /* /* */ ' */ file('" + passwd + "') /* ' */", "SELECT $'$ ' $'$, file('" + passwd + "'), 1 AS x -- '", "SELECT arrayMap(x -> file(x), ['" + passwd + "'])",
        "DESCRIBE (SELECT file('" + passwd + "'))", "SELECT * FROM loop(file('" + passwd + "', LineAsString))", std::string("EXPLAIN SELECT 1 INTO OUTFILE '/tmp/never'"),
        std::string("WITH file('" + passwd + "') AS x SELECT x"), std::string("BACKUP DATABASE default TO File('/tmp/never')")}) {
    const auto response = ask_as_reader(sql);
    EXPECT_GE(response.status, 400) << sql << "\n" << response.body;
    EXPECT_EQ(response.body.find("root:"), std::string::npos) << sql;
  }
  EXPECT_EQ(ask_as_reader("SELECT 'file(''/etc/passwd'')', file FROM (SELECT 1 AS file)").status, 200) << "a text and a column are no call";
  EXPECT_EQ(ask_as_reader("SHOW TABLES").status, 200);
  EXPECT_EQ(ask_as_reader("DESCRIBE TABLE system.one").status, 200);
  EXPECT_EQ(ask_as_reader("SELECT {x:String}", "&param_x=it").body, "it\n");
  EXPECT_EQ(ask_as_reader("SELECT 1", "&max_execution_time=5").status, 200);
  EXPECT_EQ(ask_as_reader("SELECT value FROM system.settings WHERE name = 'max_execution_time'", "&max_execution_time=999999").body, "60\n");
  EXPECT_GE(ask_as_reader("SELECT 1", "&format_schema=x").status, 400);
  EXPECT_EQ(ask_as_reader("SELECT 1", "&max_threads=64&storage_file_read_method=mmap").status, 500);
  EXPECT_EQ(ask_as_reader("SELECT number FROM numbers(2000000) FORMAT CSVWithNames").status, 500);  // more rows than a reader gets
}

TEST_F(RealEngine, RefusesStrangers) {
  net::HttpRequest request;
  request.target = "/?query=SELECT+1";
  EXPECT_EQ(local_->send(request, Deadline::in(std::chrono::seconds(5)))->status, 401);
  EXPECT_EQ(remote_->send(request, Deadline::in(std::chrono::seconds(5)))->status, 401);
  request.target = "/ping";
  EXPECT_EQ(remote_->send(request, Deadline::in(std::chrono::seconds(5)))->body, "Ok.\n");
}

TEST_F(RealEngine, ComesBackAfterAKill) {
  const int before = supervisor()->status().pid;
  ::kill(before, SIGKILL);
  for (int i = 0; i < 300 && (supervisor()->status().pid == before || supervisor()->status().state != EngineState::ready); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(supervisor()->status().state, EngineState::ready);
  EXPECT_NE(supervisor()->status().pid, before);
  EXPECT_EQ(ask("SELECT 1").body, "1\n");
}

}  // namespace
}  // namespace yagura::engine
