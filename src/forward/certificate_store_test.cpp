#include "forward/certificate_store.hpp"

#include <openssl/pkcs12.h>

#include <sys/stat.h>

#include "forward/forward_fixture.hpp"
#include "forward/jks.hpp"
#include "testing/case_files.hpp"

namespace yagura::forward {
namespace {

struct StoreTest : ::testing::Test {
  TemporaryDirectory temporary;
  CertificateStore store{temporary.path() / "certs"};

  ImportReport import(std::string_view bytes, const BundleOptions& options = {},
                      const CertificateStore::ImportOptions& how = {}) {
    auto bundle = read_certificate_bundle(bytes, options);
    EXPECT_TRUE(bundle) << bundle.error().message();
    if (!bundle) return {};
    auto report = store.import(*bundle, how);
    EXPECT_TRUE(report) << report.error().message();
    return report ? *report : ImportReport();
  }
};

std::string fixture(const char* name) {
  return *read_file(testing::project_root() / "tests/cases/forward/certificates" / name);
}

TEST(Thumbprint, IsTakenAsPeoplePasteIt) {
  const std::string hex = "0123456789abcdef0123456789abcdef01234567";
  for (const std::string_view text :
       {"0123456789ABCDEF0123456789ABCDEF01234567", "01:23:45:67:89:ab:cd:ef:01:23:45:67:89:ab:cd:ef:01:23:45:67",
        "\xE2\x80\x8E"
        "01 23 45 67 89 ab cd ef 01 23 45 67 89 ab cd ef 01 23 45 67"})
    EXPECT_EQ(normal_thumbprint(text).value_or("refused"), hex) << text;
  for (const std::string_view text : {"", "0123", "0123456789abcdef0123456789abcdef0123456g", "my-certificate"})
    EXPECT_FALSE(normal_thumbprint(text)) << text;
}

TEST_F(StoreTest, FindsByThumbprintsAndAlias) {
  const auto ca = make_certificate({.name = "Test Root", .is_ca = true});
  import(ca.pem(), {}, {.alias = "root1"});
  const auto facts = *read_certificate(der_of(ca.certificate.get()));
  for (const auto& name : {facts.sha1, facts.sha256, std::string("ROOT1")}) {
    const auto found = store.find(name);
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_EQ(found->facts.sha1, facts.sha1);
    EXPECT_EQ(found->kind, CertificateKind::trusted);
  }
  const auto missing = store.find("root");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message().find("did you mean 'root1'"), std::string::npos) << missing.error().message();
  ASSERT_TRUE(store.remove("root1"));
  EXPECT_TRUE(store.list()->empty());
}

TEST_F(StoreTest, RefusesAClientCertificateWithoutItsKey) {
  const auto ca = make_certificate({.name = "Test Root", .is_ca = true});
  const auto client = make_certificate({.name = "node1", .issuer = &ca});
  import(ca.pem());
  import(client.pem());
  const auto refused = store.client_identity(client.sha1());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("no private key"), std::string::npos);
  import(client.pem() + client.key_pem());
  const auto good = store.client_identity(client.sha1());
  ASSERT_TRUE(good) << good.error().message();
  struct stat status{};
  ASSERT_EQ(::stat(good->key_file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  ::chmod(good->key_file.c_str(), 0644);
  EXPECT_FALSE(store.client_identity(client.sha1()));
}

TEST_F(StoreTest, WantsTheSelfSignedRootToo) {
  const auto ca = make_certificate({.name = "Test Root", .is_ca = true});
  const auto between = make_certificate({.name = "Test Issuer", .issuer = &ca, .is_ca = true});
  const auto client = make_certificate({.name = "node1", .issuer = &between});
  import(client.pem() + client.key_pem());
  auto refused = store.client_identity(client.sha1());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("CN=Test Issuer"), std::string::npos) << refused.error().message();
  import(between.pem());
  refused = store.client_identity(client.sha1());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("CN=Test Root"), std::string::npos) << refused.error().message();
  EXPECT_NE(refused.error().message().find("yagura cert import"), std::string::npos);
  import(ca.pem());
  const auto good = store.client_identity(client.sha1());
  ASSERT_TRUE(good) << good.error().message();
  const auto chain = read_file(*store.chain_file(*good));
  EXPECT_EQ(*chain, client.pem() + between.pem());  // without the root
}

TEST_F(StoreTest, ReadsAPfxAndTrustsNobodyByIt) {
  const auto ca = make_certificate({.name = "Test Root", .is_ca = true});
  const auto client = make_certificate({.name = "node1", .issuer = &ca});
  STACK_OF(X509)* others = sk_X509_new_null();
  sk_X509_push(others, ca.certificate.get());
  const Owned<PKCS12, PKCS12_free> pfx(
      PKCS12_create("secret", "node one", client.key.get(), client.certificate.get(), others, 0, 0, 0, 0, 0));
  sk_X509_free(others);
  const std::string bytes = written_text([&](BIO* out) { i2d_PKCS12_bio(out, pfx.get()); });
  const auto wrong = read_certificate_bundle(bytes, {.password = "wrong"});
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message().find("password"), std::string::npos);
  const auto report = import(bytes, {.password = "secret"});
  ASSERT_EQ(report.added.size(), 2U);
  EXPECT_EQ(report.added[0].alias, "node one");
  EXPECT_EQ(report.added[0].kind, CertificateKind::identity);
  EXPECT_EQ(report.added[1].kind, CertificateKind::chain);
  EXPECT_TRUE(store.client_identity(client.sha1()));
  EXPECT_TRUE(store.tls_options({})->more_ca.empty());
  import(bytes, {.password = "secret"}, {.trust_chain = true});
  EXPECT_EQ(store.tls_options({})->more_ca.size(), 1U);
}

TEST_F(StoreTest, ReadsJavasKeyStores) {
  for (const char* name : {"keystore.jks", "keystore.p12"}) {
    const auto report = import(fixture(name), {.password = "changeit"});
    ASSERT_EQ(report.added.size() + report.known.size(), 2U) << name;
    const auto client = store.find("node1");
    ASSERT_TRUE(client) << name << client.error().message();
    EXPECT_EQ(client->kind, CertificateKind::identity) << name;
    EXPECT_TRUE(store.find("azuretls01crt")) << name;
    EXPECT_FALSE(read_certificate_bundle(fixture(name), {.password = "changeme"})) << name;
    store = CertificateStore(temporary.path() / name);
  }
  // Without a password: what is public, as keytool shows it.
  const auto bare = read_java_key_store(fixture("keystore.jks"), "");
  ASSERT_TRUE(bare) << bare.error().message();
  for (const auto& entry : *bare) EXPECT_TRUE(entry.private_key.empty());
}

TEST(JavaKeyStore, IsRefusedWhereverItIsCutOrChanged) {
  const std::string whole = fixture("keystore.jks");
  for (std::size_t size = 0; size < whole.size(); size += 37)
    EXPECT_FALSE(read_java_key_store(whole.substr(0, size), "changeit")) << size;
  for (std::size_t at = 0; at < whole.size(); at += 41) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x20);
    EXPECT_FALSE(read_java_key_store(changed, "changeit")) << at;
    (void)read_java_key_store(changed, "");
  }
}

TEST(CertificateBundle, TellsFormatsApart) {
  const auto ca = make_certificate({.name = "Test Root", .is_ca = true});
  EXPECT_EQ(read_certificate_bundle(ca.pem(), {})->items.size(), 1U);
  EXPECT_EQ(read_certificate_bundle(der_of(ca.certificate.get()), {})->items.size(), 1U);
  EXPECT_EQ(read_certificate_bundle("# a note\n" + ca.pem() + "\n" + ca.pem(), {})->items.size(), 2U);
  EXPECT_EQ(read_certificate_bundle(revocation_list(ca, {}), {})->revocation_lists.size(), 1U);
  for (const std::string_view text :
       {"", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----"})
    EXPECT_FALSE(read_certificate_bundle(text, {})) << text;
  const auto other = make_certificate({});
  EXPECT_FALSE(read_certificate_bundle(ca.pem() + other.key_pem(), {}));  // a key that belongs to nobody
}

TEST(CertificateFacts, NameWhatPeopleAskFor) {
  const auto made =
      make_certificate({.name = "logs.example", .alternatives = "DNS:logs.example,IP:192.0.2.7,IP:2001:db8::1"});
  const auto facts = read_certificate(der_of(made.certificate.get()));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->subject, "CN=logs.example");
  EXPECT_EQ(facts->names, (std::vector<std::string>{"DNS:logs.example", "IP:192.0.2.7", "IP:2001:db8::1"}));
  EXPECT_EQ(facts->key, "EC P-256");
  EXPECT_TRUE(facts->self_signed);
  EXPECT_FALSE(facts->is_ca);
  EXPECT_EQ(facts->sha1.size(), 40U);
}

}  // namespace
}  // namespace yagura::forward
