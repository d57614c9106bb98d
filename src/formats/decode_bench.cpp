// Lines a second of one core, with batches of 4,096 as the pipeline makes them.
#include <benchmark/benchmark.h>

#include "formats/registry.hpp"

namespace yagura::formats {
namespace {

constexpr std::array<std::string_view, 5> kPlain{
    "<86>Nov 21 23:59:01 web01 sshd[4711]: Accepted publickey for deploy from 198.51.100.7 port 50514 ssh2: ED25519 "
    "SHA256:abcdefghijklmnop",
    "<38>Nov 21 23:59:02 web01 sudo:    alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/systemctl "
    "restart nginx",
    "<78>Nov 21 23:59:03 db02 CRON[9123]: (root) CMD (cd / && run-parts --report /etc/cron.hourly)",
    "<6>Nov 21 23:59:04 gw kernel: [12345.678901] IN=eth0 OUT= MAC=00:11:22:33:44:55 SRC=192.0.2.1 DST=192.0.2.2 "
    "LEN=60 PROTO=TCP SPT=1 DPT=22",
    "<30>Nov 21 23:59:05 app3 systemd[1]: Started Session 4711 of user deploy.",
};
constexpr std::array<std::string_view, 1> kRfc5424{
    R"(<165>1 2026-11-21T23:59:01.003Z mail.example.org evntslog 321 ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"] An application event log entry)"};
constexpr std::array<std::string_view, 1> kCef{
    "<134>Nov 21 23:59:01 fw CEF:0|Acme|Wall|1.0|100|connection blocked|5|src=192.0.2.9 spt=33000 dst=198.51.100.1 "
    "dpt=443 proto=TCP act=deny "
    "cs1Label=Rule cs1=drop all cnt=1 rt=1763798400123"};
constexpr std::array<std::string_view, 1> kJson{
    R"({"eventVersion":"1.08","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/bob","accountId":"111122223333","userName":"bob"},"eventTime":"2026-11-21T23:59:01Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-central-1","sourceIPAddress":"192.0.2.1","userAgent":"aws-cli/2.0","requestParameters":{"bucketName":"b","key":"k"},"responseElements":null})"};

template <std::size_t N>
void decode_lines(benchmark::State& state, const std::array<std::string_view, N>& lines, std::string_view hint) {
  event::RecordBatch batch;
  const auto received = receive_time(*parse_iso8601("2026-11-22T00:00:00Z"));
  std::size_t bytes = 0;
  for (auto _ : state) {
    batch.clear();
    for (std::size_t i = 0; i < 4096; ++i) {
      const auto line = lines[i % N];
      bytes += line.size();
      decode(hint, {.raw = line, .received_at = received, .position = Position(i + 1)}, {}, batch);
    }
    benchmark::DoNotOptimize(batch.size());
  }
  state.SetItemsProcessed(state.iterations() * 4096);
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

void plain_syslog(benchmark::State& state) { decode_lines(state, kPlain, "syslog"); }
void rfc5424(benchmark::State& state) { decode_lines(state, kRfc5424, "syslog"); }
void cef_in_syslog(benchmark::State& state) { decode_lines(state, kCef, "syslog"); }
void json(benchmark::State& state) { decode_lines(state, kJson, "json"); }
BENCHMARK(plain_syslog);
BENCHMARK(rfc5424);
BENCHMARK(cef_in_syslog);
BENCHMARK(json);

}  // namespace
}  // namespace yagura::formats

BENCHMARK_MAIN();
