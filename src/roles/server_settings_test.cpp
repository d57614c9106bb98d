#include "roles/server_settings.hpp"

#include <gmock/gmock.h>

#include "testing/case_files.hpp"

namespace yagura::roles {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ServerSettings, AnEmptyFileGivesTheDefaults) {
  SettingsErrors errors;
  const auto settings = read_server_settings(SettingsNode::parse("", "y.yaml", errors));
  EXPECT_TRUE(errors.empty());
  EXPECT_EQ(settings.api.http->port, 8080);
  EXPECT_EQ(settings.api.https->port, 8443);
  EXPECT_EQ(settings.store.kind, "embedded");
}

TEST(ServerSettings, MistakesAreAllListed) {
  SettingsErrors errors;
  const auto file = SettingsNode::parse(R"(
workspace: "my workspace"
timezone: Tokyo
api: {http: "0.0.0.0:8080", https: nowhere, certificate: x.pem}
store: {kind: clickhose, engine: {listen: "127.0.0.1:8123"}}
)", "y.yaml", errors);
  read_server_settings(file);
  EXPECT_THAT(errors.messages(),
              ElementsAre(HasSubstr("'workspace' must be a name of letters"), HasSubstr("'timezone' must be UTC, local, or an offset"),
                          HasSubstr("'store.kind' must be one of embedded, clickhouse, not 'clickhose', did you mean 'clickhouse'?"),
                          HasSubstr("'store.engine.listen' needs 'store.engine.password'"),
                          HasSubstr("'nowhere' is no address to listen on"), HasSubstr("'api.certificate' and 'api.private_key' go together"),
                          HasSubstr("'api.http' sends passwords unencrypted")));
}

TEST(ListenAddress, TakesBothFamilies) {
  EXPECT_EQ(parse_listen_address("127.0.0.1:80")->address, "127.0.0.1");
  EXPECT_EQ(parse_listen_address("[::1]:8443")->address, "::1");
  EXPECT_EQ(parse_listen_address(":8443")->address, "0.0.0.0");
  EXPECT_FALSE(parse_listen_address("::1:8443"));
  EXPECT_FALSE(parse_listen_address("127.0.0.1"));
  EXPECT_FALSE(parse_listen_address("127.0.0.1:99999"));
}

}  // namespace
}  // namespace yagura::roles
