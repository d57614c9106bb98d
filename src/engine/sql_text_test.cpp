#include "engine/sql_text.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "engine/clickhouse_error.hpp"
#include "engine/http_protocol.hpp"
#include "testing/case_files.hpp"

namespace yagura::engine {
namespace {

std::string describe(std::string_view sql) {
  const SqlShape shape = shape_of(sql);
  std::string out = fmt::format("first: {}\nstatements: {}\n", shape.first_word, shape.statements);
  if (!shape.format.empty()) out += "format: " + shape.format + "\n";
  if (shape.has_data) out += fmt::format("statement: {}\ndata: {}\n", trim(sql.substr(0, shape.statement_end)), sql.substr(shape.data_at));
  if (shape.into_outfile) out += "into outfile\n";
  out.pop_back();
  return out;
}

class SqlCases : public ::testing::TestWithParam<testing::Case> {};
TEST_P(SqlCases, HaveTheirShape) {
  const auto& c = GetParam();
  testing::expect_section(c, "shape", describe(c["sql"]));
}
INSTANTIATE_TEST_SUITE_P(Files, SqlCases, ::testing::ValuesIn(testing::read_cases("engine/sql")), testing::case_name);

net::HttpRequest post(std::string target, std::string body, std::vector<net::HttpHeader> headers = {}) {
  net::HttpRequest request;
  request.method = "POST";
  request.target = std::move(target);
  request.body = std::move(body);
  request.headers = std::move(headers);
  return request;
}

TEST(Statement, IsTheParameterAndTheBody) {
  const auto request = post("/?query=SELECT", "1");
  const auto statement = statement_of(request);
  ASSERT_TRUE(statement);
  EXPECT_EQ((*statement)->sql, "SELECT\n1");
}

TEST(Statement, TakesAnInsertsDataFromTheBody) {
  const std::string data("\x01\x00 FORMAT x", 11);
  const auto request = post("/?query=" + percent_encode("INSERT INTO t (a) FORMAT Native"), data);
  const auto statement = statement_of(request);
  ASSERT_TRUE(statement);
  EXPECT_EQ((*statement)->sql, "INSERT INTO t (a) ");
  EXPECT_EQ((*statement)->data, data);
  EXPECT_EQ((*statement)->data.data(), request.body.data()) << "not copied";
}

TEST(Statement, TellsParametersFromSettings) {
  const auto request = post("/?database=w_a&param_x=1&max_threads=2&query_id=q&session_id=s&default_format=JSON", "SELECT {x:Int8}");
  const auto statement = statement_of(request);
  ASSERT_TRUE(statement);
  EXPECT_EQ((*statement)->database, "w_a");
  EXPECT_EQ((*statement)->query_id, "q");
  EXPECT_EQ((*statement)->default_format, "JSON");
  EXPECT_EQ((*statement)->parameters, (ChdbParameters{{"x", "1"}}));
  EXPECT_EQ((*statement)->settings, (ChdbSettings{{"max_threads", "2"}}));
}

TEST(Statement, ReadsForms) {
  const std::string body = "--xyz\r\nContent-Disposition: form-data; name=\"query\"\r\n\r\nSELECT {x:String}\r\n--xyz\r\nContent-Disposition: form-data; name=\"param_x\"\r\n\r\na\r\nb\r\n--xyz--\r\n";
  const auto request = post("/", body, {{"Content-Type", "multipart/form-data; boundary=xyz"}});
  const auto statement = statement_of(request);
  ASSERT_TRUE(statement) << statement.error().text;
  EXPECT_EQ((*statement)->sql, "SELECT {x:String}");
  EXPECT_EQ((*statement)->parameters, (ChdbParameters{{"x", "a\r\nb"}}));
  EXPECT_FALSE(statement_of(post("/", body.substr(0, 60), {{"Content-Type", "multipart/form-data; boundary=xyz"}})));
  EXPECT_FALSE(statement_of(post("/", body, {{"Content-Type", "multipart/form-data"}})));
}

TEST(Statement, SaysWhatIsNotSpoken) {
  const auto compressed = statement_of(post("/?compress=1", "SELECT 1"));
  ASSERT_FALSE(compressed);
  EXPECT_EQ(compressed.error().code, 48);
}

TEST(Credentials, ComeInThreeWays) {
  auto given = credentials_of(post("/?user=a&password=b%26", ""));
  EXPECT_TRUE(given.given && given.user == "a" && given.password == "b&");
  given = credentials_of(post("/", "", {{"X-ClickHouse-User", "u"}, {"X-ClickHouse-Key", "k"}}));
  EXPECT_TRUE(given.given && given.user == "u" && given.password == "k");
  given = credentials_of(post("/", "", {{"Authorization", "Basic " + to_base64("x:y:z")}}));
  EXPECT_TRUE(given.given && given.user == "x" && given.password == "y:z");
  EXPECT_FALSE(credentials_of(post("/", "")).given);
}

TEST(ClickHouseErrors, HaveCodesAndStatuses) {
  EXPECT_EQ(code_of_error("Code: 60. DB::Exception: no"), 60);
  EXPECT_EQ(code_of_error("Code: 99999999999999. x"), 1002);
  EXPECT_EQ(code_of_error("what"), 1002);
  EXPECT_EQ(http_status_of(60), 404);
  EXPECT_EQ(http_status_of(62), 400);
  EXPECT_EQ(http_status_of(516), 403);
  EXPECT_EQ(http_status_of(241), 500);
}

}  // namespace
}  // namespace yagura::engine
