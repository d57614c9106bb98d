#include "normalise/windows_messages.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"

namespace yagura::normalise {
namespace {

constexpr std::string_view kSecurity = "Microsoft-Windows-Security-Auditing";

// "Name=value" lines.
std::string message(std::string_view provider, std::int64_t id, std::string_view fields) {
  event::RecordBatch batch;
  batch.begin_record({});
  for (const auto line : split(fields, '\n')) {
    const auto equals = line.find('=');
    batch.set(event::intern_field(line.substr(0, equals)), batch.arena().copy(line.substr(equals + 1)));
  }
  batch.end_record();
  return windows_event_message(provider, id, batch[0]);
}

TEST(WindowsMessages, ShowAllSectionsWithTheirData) {
  EXPECT_EQ(
      message(kSecurity, 4634,
              "TargetUserSid=S-1-5-18\nTargetUserName=DC$\nTargetDomainName=LAB\nTargetLogonId=0x2b6c\nLogonType=3"),
      "An account was logged off.\r\n\r\nSubject:\r\n\tSecurity ID:\t\tS-1-5-18\r\n\tAccount Name:\t\tDC$\r\n\tAccount "
      "Domain:\t\tLAB\r\n\tLogon ID:\t\t0x2B6C\r\n\r\nLogon Type:\t\t\t3");
  EXPECT_EQ(
      message(kSecurity, 4800,
              "TargetUserSid=S-1-5-21-1\nTargetUserName=bob\nTargetDomainName=LAB\nTargetLogonId=0x3e7\nSessionId=2"),
      "The workstation was locked.\r\n\r\nSubject:\r\n\tSecurity ID:\t\tS-1-5-21-1\r\n\tAccount "
      "Name:\t\tbob\r\n\tAccount "
      "Domain:\t\tLAB\r\n\tLogon ID:\t\t0x3E7\r\n\tSession ID:\t2");
}

TEST(WindowsMessages, KnowTheTextsOfParameters) {
  const auto failed =
      message(kSecurity, 4625, "FailureReason=%%2313\nStatus=0xc000006d\nSubStatus=0xc000006a\nLogonType=3");
  EXPECT_NE(
      failed.find("\r\n\tFailure Reason:\t\tUnknown user name or bad password.\r\n\tStatus:\t\t\t0xC000006D\r\n\tSub "
                  "Status:\t\t0xC000006A\r\n"),
      std::string::npos)
      << failed;
  const auto opened =
      message(kSecurity, 4663, "AccessList=%%1538\r\t\t\t\t%%4432\r\t\t\t\t%%99999 %%\nAccessMask=0x2001f");
  EXPECT_NE(
      opened.find(
          "\tAccesses:\t\tREAD_CONTROL\r\t\t\t\tQuery key value\r\t\t\t\t%%99999 %%\r\n\tAccess Mask:\t\t0x2001F"),
      std::string::npos)
      << opened;
  const auto policy = message(kSecurity, 4719, "CategoryId=%%8280\nSubcategoryId=%%14336\nAuditPolicyChanges=%%8448");
  EXPECT_NE(policy.find("\tCategory:\t\tAccount Logon\r\n\tSubcategory:\t\tCredential Validation\r\n"),
            std::string::npos)
      << policy;
}

TEST(WindowsMessages, OfSysmonAreInTheOrderOfTheManifest) {
  EXPECT_EQ(message("Microsoft-Windows-Sysmon", 5,
                    "Image=C:\\a.exe\nProcessId=7\nUtcTime=2026-11-22 08:00:00.000\nRuleName=-\nNew=x"),
            "Process terminated:\r\nRuleName: -\r\nUtcTime: 2026-11-22 08:00:00.000\r\nProcessId: 7\r\nImage: "
            "C:\\a.exe\r\nNew: x");
}

TEST(WindowsMessages, AreBounded) {
  const std::string line = "AccessList=" + std::string(100'000, 'x');
  EXPECT_LT(message(kSecurity, 4663, line).size(), 101'000u);
  EXPECT_EQ(message(kSecurity, 99, "A=b"), "");
}

}  // namespace
}  // namespace yagura::normalise
