#include <gtest/gtest.h>

#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>

#include "base/file.hpp"
#include "base/time.hpp"
#include "control/control_db.hpp"
#include "control/migration.hpp"

namespace yagura::control {
namespace {

constexpr PasswordCost kCheap{.operations = 1, .memory = 8_KiB};
const Actor kTester{"tester", "192.0.2.1"};
constexpr std::string_view kGood = "correct horse battery";

class Control : public ::testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    db_.reset();
    auto opened = ControlDb::open(folder_.path() / "control.db",
                                  {.password_cost = kCheap, .clock = [this] { return now_.load(); }});
    ASSERT_TRUE(opened) << opened.error().message();
    db_ = std::move(*opened);
  }
  User make(std::string name, Role role = Role::reader) {
    auto user = db_->users().create({.name = name, .role = role, .password = std::string(kGood)}, kTester);
    EXPECT_TRUE(user) << user.error().message();
    return user.value_or(User{});
  }
  void pass(std::int64_t seconds) { now_ += seconds * kTicksPerSecond; }

  TemporaryDirectory folder_;
  std::atomic<std::int64_t> now_{from_civil({.year = 2026, .month = 3, .day = 1})};
  std::unique_ptr<ControlDb> db_;
};

#define EXPECT_FAILS(expression, expected_kind)                                        \
  do {                                                                                 \
    const auto outcome_ = (expression);                                                \
    EXPECT_FALSE(outcome_);                                                            \
    if (!outcome_) {                                                                   \
      EXPECT_EQ(outcome_.error().kind(), expected_kind) << outcome_.error().message(); \
    }                                                                                  \
  } while (false)

TEST_F(Control, FileIsForItsOwnerOnly) {
  struct stat status{};
  ASSERT_EQ(stat((folder_.path() / "control.db").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(Control, FirstAdminIsMadeOnce) {
  const auto password = db_->users().ensure_first_admin();
  ASSERT_TRUE(password && *password);
  EXPECT_GE((*password)->size(), 20U);
  EXPECT_TRUE(db_->users().sign_in("admin", **password, "a"));
  const auto again = db_->users().ensure_first_admin();
  ASSERT_TRUE(again);
  EXPECT_FALSE(*again);
}

TEST_F(Control, SignInWithoutRegardToCaseOfTheName) {
  make("Alice", Role::contributor);
  const auto user = db_->users().sign_in("aLICE", kGood, "a");
  ASSERT_TRUE(user) << user.error().message();
  EXPECT_EQ(user->role, Role::contributor);
  EXPECT_EQ(user->last_login_ticks, now_.load());
}

TEST_F(Control, WrongPasswordUnknownNameAndDisabledUserLookAlike) {
  make("admin2", Role::admin);
  const User bob = make("bob");
  ASSERT_TRUE(db_->users().change(bob.id, {.enabled = false}, kTester));
  const auto wrong = db_->users().sign_in("admin2", "no such password", "a");
  const auto unknown = db_->users().sign_in("nobody", kGood, "b");
  const auto disabled = db_->users().sign_in("bob", kGood, "c");
  ASSERT_FALSE(wrong || unknown || disabled);
  EXPECT_EQ(wrong.error().message(), unknown.error().message());
  EXPECT_EQ(wrong.error().message(), disabled.error().message());
  EXPECT_EQ(disabled.error().kind(), ErrorKind::unauthenticated);
}

// The costly hash is computed for a name that nobody has, too: both ways take about as long.
TEST_F(Control, UnknownNameTakesAsLong) {
  const PasswordCost slow{.operations = 2, .memory = 32_MiB};
  auto db = ControlDb::open(folder_.path() / "slow.db", {.password_cost = slow});
  ASSERT_TRUE(db);
  ASSERT_TRUE((*db)->users().create({.name = "carol", .password = std::string(kGood)}, kTester));
  const auto timed = [&](const char* name) {
    auto best = std::chrono::nanoseconds::max();
    for (int i = 0; i < 3; ++i) {
      const auto start = std::chrono::steady_clock::now();
      EXPECT_FALSE((*db)->users().sign_in(name, "wrong password here", std::to_string(i)));
      best = std::min<std::chrono::nanoseconds>(best, std::chrono::steady_clock::now() - start);
    }
    return std::chrono::duration<double, std::milli>(best).count();
  };
  const double known = timed("carol"), unknown = timed("nobody");
  EXPECT_GT(unknown, known * 0.5) << known << " ms against " << unknown << " ms";
}

TEST_F(Control, GuessersWaitLongerAndLonger) {
  make("dave");
  for (int i = 0; i < 5; ++i) EXPECT_FAILS(db_->users().sign_in("dave", "wrong", "evil"), ErrorKind::unauthenticated);
  // From there even the right password is not looked at; from elsewhere it is.
  EXPECT_FAILS(db_->users().sign_in("dave", kGood, "evil"), ErrorKind::exhausted);
  EXPECT_TRUE(db_->users().sign_in("dave", kGood, "office"));
  // A success clears the counter of the name, not that of the other address.
  EXPECT_FAILS(db_->users().sign_in("dave", kGood, "evil"), ErrorKind::exhausted);
  pass(2);
  EXPECT_FAILS(db_->users().sign_in("dave", "wrong", "evil"), ErrorKind::unauthenticated);
  pass(1);
  EXPECT_FAILS(db_->users().sign_in("dave", kGood, "evil"), ErrorKind::exhausted);
  pass(2);
  EXPECT_TRUE(db_->users().sign_in("dave", kGood, "evil"));
  EXPECT_FAILS(db_->users().sign_in("dave", "wrong", "evil"), ErrorKind::unauthenticated);
}

TEST_F(Control, GuessingANameFromManyAddressesWaitsToo) {
  int locked = 0;
  for (int i = 0; i < 40; ++i) {
    const auto tried = db_->users().sign_in("ghost", "wrong", "address" + std::to_string(i));
    ASSERT_FALSE(tried);
    locked += tried.error().kind() == ErrorKind::exhausted;
  }
  EXPECT_GE(locked, 10);
}

TEST_F(Control, PasswordRulesNameWhatIsMissing) {
  const auto refused = [&](std::string_view password, std::string_view word) {
    const auto made = db_->users().create({.name = "erin", .password = std::string(password)}, kTester);
    ASSERT_FALSE(made) << password;
    EXPECT_NE(made.error().message().find(word), std::string::npos) << made.error().message();
  };
  refused("short", "at least 12");
  refused(std::string(300, 'a') + "b", "at most 256");
  refused("my name is Erin!", "user name");
  refused("aaaaaaaaaaaaaaaa", "repeated");
  refused("Password2024!", "commonest");
  refused("broken \xff utf-8 here", "UTF-8");
  EXPECT_TRUE(check_password_rules("櫓の上から見張りをする人", "erin"));
}

TEST_F(Control, LastAdminStays) {
  const User admin = make("root", Role::admin);
  EXPECT_FAILS(db_->users().remove(admin.id, kTester), ErrorKind::conflict);
  EXPECT_FAILS(db_->users().change(admin.id, {.enabled = false}, kTester), ErrorKind::conflict);
  EXPECT_FAILS(db_->users().change(admin.id, {.role = Role::reader}, kTester), ErrorKind::conflict);
  EXPECT_EQ(db_->users().get(admin.id)->role, Role::admin);
  make("second", Role::admin);
  EXPECT_TRUE(db_->users().remove(admin.id, kTester));
  EXPECT_FAILS(db_->users().get(admin.id), ErrorKind::not_found);
}

TEST_F(Control, NamesAreCheckedAndUnique) {
  make("root", Role::admin);
  EXPECT_FAILS(db_->users().create({.name = "ROOT", .password = std::string(kGood)}, kTester), ErrorKind::conflict);
  EXPECT_FAILS(db_->users().create({.name = "a b", .password = std::string(kGood)}, kTester), ErrorKind::invalid_input);
  EXPECT_FAILS(db_->users().create({.name = "", .password = std::string(kGood)}, kTester), ErrorKind::invalid_input);
}

TEST_F(Control, SessionsSlideAndEnd) {
  make("root", Role::admin);
  const User user = make("frank");
  const auto session = db_->sessions().create(user, "peer", "agent");
  ASSERT_TRUE(session);
  pass(11 * 3600);
  ASSERT_TRUE(db_->sessions().check(session->token));
  pass(11 * 3600);
  const auto checked = db_->sessions().check(session->token);
  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->user.name, "frank");
  EXPECT_EQ(checked->csrf_token, session->csrf_token);
  pass(13 * 3600);
  EXPECT_FAILS(db_->sessions().check(session->token), ErrorKind::unauthenticated);
  EXPECT_EQ(db_->sessions().sweep().value_or(-1), 1);
}

TEST_F(Control, SessionsEndAtTheLongestWhateverTheUse) {
  const User user = make("grace", Role::admin);
  const auto session = db_->sessions().create(user, "peer", "agent");
  for (int hours = 0; hours < 7 * 24 - 6; hours += 6) {
    pass(6 * 3600);
    ASSERT_TRUE(db_->sessions().check(session->token)) << hours;
  }
  pass(6 * 3600 + 1);
  EXPECT_FAILS(db_->sessions().check(session->token), ErrorKind::unauthenticated);
}

TEST_F(Control, SessionsEndWithPasswordRoleAndUser) {
  make("root", Role::admin);
  const User user = make("heidi", Role::contributor);
  const auto open_session = [&] { return db_->sessions().create(user, "", "")->token; };
  auto token = open_session();
  ASSERT_TRUE(db_->users().change(user.id, {.role = Role::reader}, kTester));
  EXPECT_FALSE(db_->sessions().check(token));
  token = open_session();
  ASSERT_TRUE(db_->users().change(user.id, {.password = "another good password"}, kTester));
  EXPECT_FALSE(db_->sessions().check(token));
  token = open_session();
  ASSERT_TRUE(db_->users().remove(user.id, kTester));
  EXPECT_FALSE(db_->sessions().check(token));
}

TEST_F(Control, OwnPasswordChangeKeepsThisSessionOnly) {
  const User user = make("ivan", Role::admin);
  const auto here = db_->sessions().create(user, "", "");
  const auto there = db_->sessions().create(user, "", "");
  EXPECT_FAILS(db_->users().change_own_password(user.id, "wrong", "another good password", here->id, kTester),
               ErrorKind::permission_denied);
  ASSERT_TRUE(db_->users().change_own_password(user.id, kGood, "another good password", here->id, kTester));
  EXPECT_TRUE(db_->sessions().check(here->token));
  EXPECT_FALSE(db_->sessions().check(there->token));
  EXPECT_TRUE(db_->users().sign_in("ivan", "another good password", ""));
}

TEST_F(Control, TokensMayWhatTheirRoleUserAndScopesMay) {
  make("root", Role::admin);
  const User user = make("judy", Role::contributor);
  const auto created = db_->tokens().create(
      {.name = "ship logs", .user_id = user.id, .role = Role::contributor, .scopes = {Permission::ingest}}, kTester);
  ASSERT_TRUE(created) << created.error().message();
  EXPECT_TRUE(created->token.starts_with("ygr_"));
  auto checked = db_->tokens().check(created->token);
  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->permissions, Permissions{Permission::ingest});
  EXPECT_EQ(checked->last_used_ticks, now_.load());
  // Demoting the user takes it from the token as well.
  ASSERT_TRUE(db_->users().change(user.id, {.role = Role::reader}, kTester));
  EXPECT_TRUE(db_->tokens().check(created->token)->permissions.empty());
  EXPECT_FAILS(db_->tokens().create({.name = "x", .user_id = user.id, .role = Role::admin}, kTester),
               ErrorKind::permission_denied);
  EXPECT_FAILS(db_->tokens().check("ygr_wrong"), ErrorKind::unauthenticated);
  ASSERT_TRUE(db_->tokens().revoke(created->info.id, kTester));
  EXPECT_FAILS(db_->tokens().check(created->token), ErrorKind::unauthenticated);
}

TEST_F(Control, TokensExpire) {
  const User user = make("mallory", Role::admin);
  const auto created = db_->tokens().create(
      {.name = "short", .user_id = user.id, .role = Role::reader, .expires_ticks = now_ + kTicksPerSecond * 60},
      kTester);
  ASSERT_TRUE(created);
  EXPECT_TRUE(db_->tokens().check(created->token));
  pass(61);
  EXPECT_FAILS(db_->tokens().check(created->token), ErrorKind::unauthenticated);
  EXPECT_FAILS(db_->tokens().create({.name = "past", .user_id = user.id, .expires_ticks = 1}, kTester),
               ErrorKind::invalid_input);
}

TEST_F(Control, SecretsAreNotInTheFile) {
  const User user = make("niaj", Role::admin);
  const auto session = db_->sessions().create(user, "", "");
  const auto token = db_->tokens().create({.name = "t", .user_id = user.id, .role = Role::reader}, kTester);
  db_.reset();
  std::string all;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) all += *read_file(entry.path());
  EXPECT_EQ(all.find(session->token), std::string::npos);
  EXPECT_EQ(all.find(token->token), std::string::npos);
  EXPECT_EQ(all.find(kGood), std::string::npos);
  EXPECT_NE(all.find("$argon2id$"), std::string::npos);
}

TEST_F(Control, CheckpointsSurviveReopening) {
  const std::string binary("a\0b\xff", 4);
  ASSERT_TRUE(db_->checkpoints().set("flow/store", binary));
  ASSERT_TRUE(db_->checkpoints().set_all({{"rule/1", "x"}, {"rule/2", "y"}}));
  EXPECT_FAILS(db_->checkpoints().set_all({{"rule/1", "z"}, {"big", std::string(2 << 20, 'x')}}),
               ErrorKind::invalid_input);
  open();
  EXPECT_EQ(db_->checkpoints().get("flow/store")->value_or(""), binary);
  EXPECT_EQ(db_->checkpoints().get("rule/1")->value_or(""), "x");
  EXPECT_FALSE(db_->checkpoints().get("none")->has_value());
  const auto rules = db_->checkpoints().list("rule/");
  ASSERT_EQ(rules->size(), 2U);
  EXPECT_EQ((*rules)[1].name, "rule/2");
}

TEST_F(Control, AuditLogIsAppendOnly) {
  make("olivia", Role::admin);
  for (int i = 0; i < 3; ++i) db_->audit().record({.actor = kTester, .action = "query", .target = std::to_string(i)});
  const auto entries = db_->audit().list({.action = "query"});
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 3U);
  EXPECT_EQ(entries->front().target, "2");
  EXPECT_EQ(db_->audit().list({.action = "user.create"})->size(), 1U);

  auto raw = Database::open(folder_.path() / "control.db", Database::Durability::full);
  ASSERT_TRUE(raw);
  auto writing = (*raw)->write();
  EXPECT_FAILS(writing->run("UPDATE audit_log SET actor = 'nobody'"), ErrorKind::conflict);
  EXPECT_FAILS(writing->run("DELETE FROM audit_log WHERE action = 'query' AND target = '1'"), ErrorKind::conflict);
}

TEST_F(Control, AuditRetentionRemovesTheOldest) {
  db_->audit().record({.actor = kTester, .action = "query", .target = "old"});
  db_->audit().flush();
  pass(86'400);
  db_->audit().record({.actor = kTester, .action = "query", .target = "new"});
  db_->audit().flush();
  EXPECT_EQ(db_->audit().forget_before(now_, kTester).value_or(-1), 1);
  const auto left = db_->audit().list({});
  ASSERT_EQ(left->size(), 2U);
  EXPECT_EQ(left->at(0).action, "audit.forget");
  EXPECT_EQ(left->at(1).target, "new");
}

TEST_F(Control, KeepsTheTuningOfRules) {
  const RuleState wanted{.rule_id = "r1",
                         .title = "Ours",
                         .exclude = R"({"User":"backup"})",
                         .throttle_seconds = 60,
                         .throttle_most = 3,
                         .throttle_by = "HostName,User"};
  ASSERT_TRUE(db_->rule_states().set(wanted, kTester));
  const auto kept = db_->rule_states().get("r1")->value();
  EXPECT_EQ(kept.title, "Ours");
  EXPECT_EQ(kept.exclude, wanted.exclude);
  EXPECT_EQ(kept.throttle_seconds, 60);
  EXPECT_EQ(kept.throttle_most, 3);
  EXPECT_EQ(kept.throttle_by, "HostName,User");
}

TEST_F(Control, SuppressionsHaveAReasonAndAnEnd) {
  auto& suppressions = db_->rule_suppressions();
  const auto now = db_->now();
  const auto before = suppressions.version().value();
  EXPECT_FAILS(suppressions.add({.rule_id = "r1", .expires_ticks = now + 10}, kTester), ErrorKind::invalid_input);
  EXPECT_FAILS(suppressions.add({.rule_id = "r1", .reason = "late", .expires_ticks = now - 10}, kTester), ErrorKind::invalid_input);
  EXPECT_FAILS(suppressions.add({.rule_id = "r1", .reason = "for ever", .expires_ticks = now + 400LL * 86'400 * kTicksPerSecond}, kTester),
               ErrorKind::invalid_input);
  const auto made = suppressions.add(
      {.rule_id = "r1", .conditions = R"({"User":"svc_*"})", .reason = "known", .expires_ticks = now + 3'600 * kTicksPerSecond}, kTester);
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_NE(suppressions.version().value(), before);
  ASSERT_EQ(suppressions.list()->size(), 1U);
  EXPECT_EQ(suppressions.list()->front().created_by, "tester");
  ASSERT_TRUE(suppressions.end(made->id, kTester));
  EXPECT_FAILS(suppressions.end(made->id, kTester), ErrorKind::not_found);
  EXPECT_TRUE(suppressions.list()->empty());
  ASSERT_EQ(suppressions.list(true)->size(), 1U);
  EXPECT_EQ(suppressions.list(true)->front().ended_by, "tester");
  EXPECT_EQ(db_->audit().list({})->size(), 2U);
}

TEST_F(Control, RuleStatesSavedQueriesAndTables) {
  const User peggy = make("peggy", Role::admin), victor = make("victor");
  ASSERT_TRUE(db_->rule_states().set({.rule_id = "r1", .enabled = false, .severity = "low"}, kTester));
  EXPECT_EQ(db_->rule_states().get("r1")->value().severity, "low");
  ASSERT_TRUE(db_->rule_states().reset("r1", kTester));
  EXPECT_FALSE(db_->rule_states().get("r1")->has_value());

  const auto mine = db_->saved_queries().put(peggy.id, "failures", "Syslog | count", false, kTester);
  ASSERT_TRUE(mine);
  EXPECT_TRUE(db_->saved_queries().list(victor.id)->empty());
  ASSERT_TRUE(db_->saved_queries().put(peggy.id, "failures", "Syslog | take 1", true, kTester));
  ASSERT_EQ(db_->saved_queries().list(victor.id)->size(), 1U);
  EXPECT_EQ(db_->saved_queries().list(victor.id)->front().text, "Syslog | take 1");
  EXPECT_FAILS(db_->saved_queries().remove(victor.id, mine->id, kTester), ErrorKind::not_found);
  EXPECT_TRUE(db_->saved_queries().remove(peggy.id, mine->id, kTester));

  EXPECT_FAILS(db_->custom_tables().put("Syslog", "{}", kTester), ErrorKind::conflict);
  ASSERT_TRUE(db_->custom_tables().put("Doors_CL", "{}", kTester));
  EXPECT_EQ(db_->custom_tables().list()->front().created_by, "tester");
  EXPECT_TRUE(db_->custom_tables().remove("Doors_CL", kTester));
}

// Every version that was ever released can be opened, with what is in it.
TEST(ControlMigration, FromEachOlderVersion) {
  for (int version = 0; version <= static_cast<int>(migrations().size()); ++version) {
    TemporaryDirectory folder;
    const auto path = folder.path() / "control.db";
    {
      auto database = Database::open(path, Database::Durability::full);
      ASSERT_TRUE(database);
      ASSERT_TRUE(migrate(**database, version));
      EXPECT_EQ(schema_version(**database).value_or(-1), version);
      if (version >= 1) {
        auto writing = (*database)->write();
        ASSERT_TRUE(
            writing->run("INSERT INTO users (name, role, password_hash, created_at) VALUES ('old', 'Admin', 'x', 1)"));
        ASSERT_TRUE(
            writing->run("INSERT INTO audit_log (at, actor, peer, action, target, detail, outcome) "
                         "VALUES (1, 'a', '', 'query', '', '', 'ok')"));
        ASSERT_TRUE(writing->commit());
      }
    }
    auto control = ControlDb::open(path, {.password_cost = kCheap});
    ASSERT_TRUE(control) << version << ": " << control.error().message();
    EXPECT_EQ((*control)->users().list()->size(), version >= 1 ? 1U : 0U);
    EXPECT_EQ((*control)->audit().list({})->size(), version >= 1 ? 1U : 0U);
    EXPECT_TRUE((*control)->rule_states().set({.rule_id = "r"}, kTester));
    EXPECT_TRUE((*control)->checkpoints().set("a", "b"));
  }
}

TEST(ControlMigration, RefusesAFileOfANewerProgram) {
  TemporaryDirectory folder;
  const auto path = folder.path() / "control.db";
  {
    auto database = Database::open(path, Database::Durability::full);
    auto writing = (*database)->write();
    ASSERT_TRUE(writing->script("PRAGMA user_version=999"));
    ASSERT_TRUE(writing->commit());
  }
  const auto opened = ControlDb::open(path, {.password_cost = kCheap});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind(), ErrorKind::not_supported);
}

TEST(ControlMigration, VersionsHaveNoGaps) {
  int expected = 0;
  for (const Migration& migration : migrations()) {
    EXPECT_EQ(migration.version, ++expected);
    EXPECT_TRUE(migration.name.starts_with(fmt::format("{:03}_", expected)));
  }
}

TEST(ControlFile, GarbageIsAnErrorWithItsPath) {
  TemporaryDirectory folder;
  const auto path = folder.path() / "control.db";
  std::ofstream(path) << std::string(8192, 'x');
  const auto opened = ControlDb::open(path, {.password_cost = kCheap});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind(), ErrorKind::corrupt);
  EXPECT_NE(opened.error().message().find("control.db"), std::string::npos);
}

TEST_F(Control, ManyThreadsAtOnce) {
  const User user = make("wendy", Role::admin);
  const auto session = db_->sessions().create(user, "", "");
  const auto token = db_->tokens().create({.name = "t", .user_id = user.id, .role = Role::reader}, kTester);
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        failures += !db_->sessions().check(session->token);
        failures += !db_->tokens().check(token->token);
        failures += !db_->checkpoints().set("thread" + std::to_string(t), std::to_string(i));
        db_->audit().record({.actor = kTester, .action = "query"});
        pass(70);  // so that the sessions and tokens write, too
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(db_->audit().list({.action = "query", .limit = 1000})->size(), 100U);
  EXPECT_EQ(db_->checkpoints().get("thread3")->value_or(""), "24");
}

TEST(Roles, EachMayWhatTheOneBelowMay) {
  for (const Role role : {Role::responder, Role::contributor, Role::admin}) {
    const auto lower = permissions_of(static_cast<Role>(static_cast<int>(role) - 1));
    EXPECT_EQ(lower & permissions_of(role), lower);
    EXPECT_FALSE(lower == permissions_of(role));
  }
  EXPECT_FALSE(permissions_of(Role::reader).has(Permission::edit_rules));
  EXPECT_FALSE(permissions_of(Role::contributor).has(Permission::manage_users));
  for (int i = 0; i < kPermissionCount; ++i) {
    const auto permission = static_cast<Permission>(i);
    EXPECT_EQ(parse_permission(to_string(permission)), permission);
  }
  const auto wrong = parse_permissions("query,ingets");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message().find("ingest"), std::string::npos);
}

}  // namespace
}  // namespace yagura::control
