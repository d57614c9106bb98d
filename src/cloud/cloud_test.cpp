#include <gtest/gtest.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "cloud/credentials.hpp"
#include "cloud/notification.hpp"
#include "cloud/object_stream.hpp"
#include "cloud/sigv4.hpp"
#include "cloud/sqs.hpp"
#include "net/content_encoding.hpp"
#include "net/http_server.hpp"
#include "testing/case_files.hpp"

namespace yagura::cloud {
namespace {



// The examples of AWS's documentation, "Signature Calculations for the Authorization Header".
struct SignedExample {
  std::string_view target;
  std::vector<net::HttpHeader> headers;
  std::string_view signature;
};

TEST(SigV4Test, SignsAsAwsDocumentationDoes) {
  const AwsCredentials credentials{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "", std::nullopt};
  const std::int64_t time = *parse_iso8601("2013-05-24T00:00:00Z");
  const std::vector<SignedExample> examples{
      {"/test.txt", {{"Range", "bytes=0-9"}}, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
      {"/?lifecycle", {}, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
      {"/?prefix=J&max-keys=2", {}, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
  };
  for (const auto& example : examples) {
    net::HttpRequest request;
    request.target = example.target;
    request.headers = example.headers;
    request.headers.push_back({"Host", "examplebucket.s3.amazonaws.com"});
    sign(request, credentials, {"us-east-1", "s3"}, time);
    EXPECT_TRUE(request.header("Authorization").ends_with(example.signature)) << example.target << "\n" << request.header("Authorization");
  }
}

// What botocore's signers make of random requests (its S3SigV4Auth and SigV4Auth, at one moment): tests/cases/cloud/sigv4.
class BotocoreCases : public ::testing::TestWithParam<testing::Case> {};

TEST_P(BotocoreCases, AreSignedAlike) {
  const auto& c = GetParam();
  net::HttpRequest request;
  bool is_first = true;
  for (const auto line : split(trim(c["request"]), '\n')) {
    const auto blank = line.find(is_first ? ' ' : ':');
    ASSERT_NE(blank, std::string_view::npos) << c.where;
    if (is_first) {
      request.method = line.substr(0, blank);
      request.target = line.substr(blank + 1);
    } else {
      request.headers.push_back({std::string(line.substr(0, blank)), std::string(line.substr(blank + 2))});
    }
    is_first = false;
  }
  request.body = c["body"];
  const auto scope = trim(c["scope"]);
  const auto blank = scope.find(' ');
  const AwsCredentials credentials{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", std::string(trim(c["token"])), std::nullopt};
  sign(request, credentials, {scope.substr(0, blank), scope.substr(blank + 1)}, *parse_iso8601("2026-11-22T08:00:00Z"));
  const auto authorization = request.header("Authorization");
  const auto names = authorization.substr(authorization.find("SignedHeaders=") + 14);
  testing::expect_section(c, "expected", fmt::format("{}\n{}", names.substr(0, names.find(',')), authorization.substr(authorization.find("Signature=") + 10)));
}
INSTANTIATE_TEST_SUITE_P(Files, BotocoreCases, ::testing::ValuesIn(testing::read_cases("cloud/sigv4")), testing::case_name);

TEST(SigV4Test, AnonymousRequestsStayAsTheyAre) {
  net::HttpRequest request;
  sign(request, {}, {"us-east-1", "s3"}, 0);
  EXPECT_TRUE(request.headers.empty());
}

TEST(NotificationTest, ReadsEveryForm) {
  const std::string record = R"({"eventVersion":"2.1","awsRegion":"eu-west-1","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"AWSLogs/x+y%2Bz%E3%81%82.json.gz","size":7,"eTag":"e","sequencer":"1"}}})";
  const std::string direct = R"({"Records":[)" + record + "," + record + "]}";
  const auto s3 = parse_notification(direct);
  ASSERT_TRUE(s3) << s3.error().message();
  ASSERT_EQ(s3->objects.size(), 2U);
  EXPECT_EQ(s3->objects[0].key, "AWSLogs/x y+zあ.json.gz");
  EXPECT_EQ(s3->objects[0].size, 7U);

  std::string escaped;
  for (const char c : direct) escaped += c == '"' ? std::string("\\\"") : std::string(1, c);
  const auto sns = parse_notification(R"({"Type":"Notification","TopicArn":"t","Message":")" + escaped + "\"}");
  ASSERT_TRUE(sns) << sns.error().message();
  EXPECT_EQ(sns->objects.size(), 2U);

  const auto bridge = parse_notification(R"({"version":"0","detail-type":"Object Created","source":"aws.s3","region":"eu-west-1","detail":{"bucket":{"name":"b"},"object":{"key":"a+b%20c","size":3,"etag":"e"},"reason":"PutObject"}})");
  ASSERT_TRUE(bridge) << bridge.error().message();
  EXPECT_EQ(bridge->objects[0].key, "a+b%20c");  // EventBridge does not encode

  EXPECT_EQ(parse_notification(R"({"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"})")->kind, Notification::Kind::test);
  EXPECT_EQ(parse_notification(R"({"Records":[{"eventName":"ObjectRemoved:Delete","s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}]})")->kind, Notification::Kind::other);
  for (const std::string_view bad : {"", "[]", "{}", "{\"Records\":[1]}", R"({"Records":[{"s3":{}}]})", R"({"Type":"Notification","Message":"{\"Type\":\"Notification\",\"Message\":\"{}\"}"})"})
    EXPECT_FALSE(parse_notification(bad)) << bad;
}

TEST(QueueUrlTest, SaysRegionAndAccount) {
  struct Row {
    std::string_view url, region, account, name;
  };
  for (const auto& row : {Row{"https://sqs.ap-northeast-1.amazonaws.com/123456789012/trail", "ap-northeast-1", "123456789012", "trail"},
                          Row{"https://eu-west-1.queue.amazonaws.com/1/n", "eu-west-1", "1", "n"}, Row{"https://sqs-fips.us-east-1.amazonaws.com/1/n.fifo", "us-east-1", "1", "n.fifo"},
                          Row{"https://vpce-1-a.sqs.us-east-2.vpce.amazonaws.com/1/n", "us-east-2", "1", "n"}, Row{"http://127.0.0.1:5055/123456789012/q", "", "123456789012", "q"}}) {
    const auto parts = parse_queue_url(row.url);
    ASSERT_TRUE(parts) << row.url;
    EXPECT_EQ(parts->region, row.region);
    EXPECT_EQ(parts->account, row.account);
    EXPECT_EQ(parts->name, row.name);
  }
  for (const std::string_view bad : {"", "arn:aws:sqs:eu-west-1:1:n", "https://sqs.eu-west-1.amazonaws.com", "https://sqs.eu-west-1.amazonaws.com/1", "https://x/1/a/b"}) EXPECT_FALSE(parse_queue_url(bad)) << bad;
}

TEST(CredentialsTest, AreRenewedBeforeTheyExpireAndAfterForget) {
  std::int64_t now = 1000 * kTicksPerSecond;
  int asked = 0;
  bool broken = false;
  const auto provider = renewed_credentials(
      [&](Deadline) -> AwsResult<AwsCredentials> {
        ++asked;
        if (broken) return std::unexpected(AwsError{.step = "STS", .code = "AccessDenied", .message = "no", .status = 403, .request_id = {}, .likely_cause = {}});
        return AwsCredentials{"key" + std::to_string(asked), "secret", "", now + 3600 * kTicksPerSecond};
      },
      [&] { return now; });
  EXPECT_EQ(provider->get(Deadline::never())->access_key_id, "key1");
  now += 3000 * kTicksPerSecond;
  EXPECT_EQ(provider->get(Deadline::never())->access_key_id, "key1");
  now += 400 * kTicksPerSecond;  // less than five minutes are left
  broken = true;
  EXPECT_EQ(provider->get(Deadline::never())->access_key_id, "key1");  // still good, and asked again
  EXPECT_EQ(asked, 2);
  now += 300 * kTicksPerSecond;
  EXPECT_EQ(provider->get(Deadline::never()).error().code, "AccessDenied");
  broken = false;
  EXPECT_EQ(provider->get(Deadline::never())->access_key_id, "key4");
  provider->forget();
  EXPECT_EQ(provider->get(Deadline::never())->access_key_id, "key5");
}

TEST(CredentialsTest, ComeFromProfileFiles) {
  const TemporaryDirectory folder;
  ASSERT_TRUE(write_file_atomically(folder.path() / "credentials", "[default]\naws_access_key_id = A\naws_secret_access_key=S\n# x\n[other]\naws_access_key_id=B\naws_secret_access_key=T\naws_session_token=U\n"));
  ASSERT_TRUE(write_file_atomically(folder.path() / "config", "[profile taken]\nrole_arn = arn:aws:iam::1:role/x\n"));
  const auto profile = [&](std::string name) {
    return profile_credentials({.profile = std::move(name), .credentials_file = folder.path() / "credentials", .config_file = folder.path() / "config"})->get(Deadline::never());
  };
  EXPECT_EQ(profile("default")->access_key_id, "A");
  EXPECT_EQ(profile("other")->session_token, "U");
  EXPECT_NE(profile("taken").error().message.find("role"), std::string::npos);
  EXPECT_NE(profile("none").error().message.find("'none'"), std::string::npos);
}

TEST(CredentialsTest, MetadataIsAskedWithAToken) {
  const auto server = net::HttpServer::start({.name = "metadata"}, [](const net::HttpRequest& request) {
    if (request.method == "PUT" && request.target == "/latest/api/token") return net::text_response(200, "TOKEN");
    if (request.header("X-aws-ec2-metadata-token") != "TOKEN") return net::text_response(401, "");
    if (request.target.ends_with("/security-credentials/")) return net::text_response(200, "my-role\n");
    return net::json_response(200, R"({"AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"2099-01-01T00:00:00Z"})");
  });
  ASSERT_TRUE(server);
  const auto got = metadata_credentials({.endpoint = "http://127.0.0.1:" + std::to_string((*server)->port())})->get(Deadline::in(5s));
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->session_token, "T");
}

TEST(AwsClientTest, TriesAgainWhatPassesAndExplainsWhatDoesNot) {
  std::atomic<int> calls = 0;
  const auto server = net::HttpServer::start({.name = "aws"}, [&](const net::HttpRequest& request) {
    if (request.target == "/busy") return ++calls < 3 ? net::text_response(503, "<Error><Code>SlowDown</Code><Message>Reduce</Message></Error>") : net::text_response(200, "fine");
    net::HttpResponse response = net::text_response(403, R"(<Error><Code>AccessDenied</Code><Message>User is not authorized to perform: kms:Decrypt</Message><RequestId>R1</RequestId></Error>)");
    return response;
  });
  ASSERT_TRUE(server);
  AwsClient client({.service = "s3", .region = "eu-west-1", .endpoint = "http://127.0.0.1:" + std::to_string((*server)->port()), .ca = {}, .proxy = {}}, static_credentials({"A", "S", "", std::nullopt}));
  net::HttpRequest request;
  request.target = "/busy";
  const auto fine = client.send(request, Deadline::in(20s));
  ASSERT_TRUE(fine) << fine.error().text();
  EXPECT_EQ(fine->body, "fine");
  EXPECT_EQ(calls, 3);
  request.target = "/secret";
  const auto denied = client.send(request, Deadline::in(20s));
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().step, "KMS");
  EXPECT_EQ(denied.error().code, "AccessDenied");
  EXPECT_EQ(denied.error().request_id, "R1");
  EXPECT_NE(denied.error().text().find("kms:Decrypt on the key"), std::string::npos);
}

// A body in pieces of a given size.
class PiecesOf final : public net::HttpBodyStream {
 public:
  PiecesOf(std::string bytes, std::size_t piece) : bytes_(std::move(bytes)), piece_(piece) {}
  const net::HttpResponse& head() const override { return head_; }
  const std::vector<net::HttpHeader>& trailers() const override { return trailers_; }
  Result<std::string_view> read(Deadline) override {
    const auto part = std::string_view(bytes_).substr(at_, piece_);
    at_ += part.size();
    return part;
  }

 private:
  const std::string bytes_;
  const std::size_t piece_;
  std::size_t at_ = 0;
  net::HttpResponse head_;
  std::vector<net::HttpHeader> trailers_;
};

Result<std::string> content_of(std::string bytes, std::size_t piece, ObjectStreamLimits limits = {}) {
  ObjectStream stream(std::make_unique<PiecesOf>(std::move(bytes), piece), limits);
  std::string all;
  while (true) {
    const auto part = TRY(stream.read(Deadline::never()));
    if (part.empty()) return all;
    all += part;
  }
}

TEST(ObjectStreamTest, GivesTheContentHoweverItComes) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "line " + std::to_string(i * 7919) + "\n";
  const std::string gzip = *net::encode_gzip(text), zstd = *net::encode_zstd(text);
  for (const std::size_t piece : {1UL, 3UL, 1000UL, 1UL << 20U}) {
    if (piece > 1) EXPECT_EQ(content_of(text, piece).value_or(""), text);
    EXPECT_EQ(content_of(gzip, piece).value_or(""), text) << piece;
    EXPECT_EQ(content_of(zstd, piece).value_or(""), text) << piece;
    EXPECT_EQ(content_of(gzip + gzip, piece).value_or(""), text + text) << piece;
  }
  // Content that ends where a piece of the reader does (256 KiB).
  const std::string even(512UL << 10U, 'b');
  for (const std::size_t piece : {1UL, 10UL, 1UL << 20U}) {
    EXPECT_EQ(content_of(*net::encode_zstd(even), piece).value_or(""), even) << piece;
    EXPECT_EQ(content_of(*net::encode_zstd(even) + *net::encode_zstd(even), piece).value_or(""), even + even) << piece;
    EXPECT_EQ(content_of(*net::encode_gzip(even), piece).value_or(""), even) << piece;
  }
  EXPECT_EQ(content_of("", 10).value_or("x"), "");
  EXPECT_EQ(content_of("ab", 1).value_or("x"), "ab");
  EXPECT_EQ(content_of(*net::encode_gzip(std::string(5'000'000, 'a')), 4096).value_or(""), std::string(5'000'000, 'a'));
}

TEST(ObjectStreamTest, NamesWhatIsWrong) {
  const std::string gzip = *net::encode_gzip(std::string(100'000, 'x') + "end"), zstd = *net::encode_zstd("some text");
  EXPECT_EQ(content_of(gzip.substr(0, gzip.size() - 9), 100).error().kind(), ErrorKind::corrupt);
  EXPECT_EQ(content_of(zstd.substr(0, zstd.size() - 2), 100).error().kind(), ErrorKind::corrupt);
  EXPECT_EQ(content_of(gzip + "garbage", 100).error().kind(), ErrorKind::corrupt);
  std::string broken = gzip;
  broken[gzip.size() / 2] = static_cast<char>(broken[gzip.size() / 2] ^ 0x5A);
  EXPECT_FALSE(content_of(broken, 100));
  // A gzip of gzips of nothing much: a bomb is told long before its size.
  const auto bomb = content_of(*net::encode_zstd(std::string(80UL << 20U, '\0'), 3), 1UL << 16U, {.most_ratio = 500});
  EXPECT_EQ(bomb.error().kind(), ErrorKind::exhausted);
  EXPECT_EQ(content_of(gzip, 100, {.most = 1000_B}).error().kind(), ErrorKind::exhausted);
}

}  // namespace
}  // namespace yagura::cloud
