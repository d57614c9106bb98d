// Syslog over loopback into a real journal, sender and source on one machine: until all is durable.
#include <benchmark/benchmark.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <random>
#include <thread>

#include "base/file.hpp"
#include "base/log.hpp"
#include "intake/entry_sink.hpp"
#include "intake/syslog_source.hpp"
#include "net/byte_stream.hpp"
#include "net/socket.hpp"
#include "net/syslog_framer.hpp"

namespace yagura::intake {
namespace {

// Lines of about 180 bytes, as different from one another as real ones.
std::vector<std::string> lines(std::size_t count) {
  std::mt19937 random(1);
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i)
    out.push_back(
        fmt::format("<{}>Oct 11 22:{:02}:{:02} host{} sshd[{}]: Failed password for invalid user user{} from "
                    "10.{}.{}.{} port {} ssh2: rsa SHA256:{:016x}{:08x} session {} opened by daemon",
                    random() % 192, random() % 60, random() % 60, random() % 50, random() % 65536, random() % 1000,
                    random() % 256, random() % 256, random() % 256, random() % 65536,
                    static_cast<std::uint64_t>(random()) * random(), random(), i));
  return out;
}

double cpu_seconds(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

class NullSink final : public EntrySink {
 public:
  Result<Position> append(std::span<const journal::EntryView> entries, Deadline) override {
    return Position(count_.fetch_add(entries.size()) + entries.size());
  }
  Result<> wait_durable(Position, Deadline) override { return {}; }
  Position durable_position() const override { return Position(count_.load()); }
  std::string trouble() const override { return {}; }

 private:
  std::atomic<std::uint64_t> count_{0};
};

struct Journal {
  Journal() {
    auto opened = journal::Writer::open(
        {.folder = folder.path() / "journal", .signing_key = folder.path() / "key.pem", .min_free = 1_MiB});
    if (!opened) std::abort();
    writer = std::move(*opened);
    sink = std::make_unique<JournalSink>(*writer);
  }
  TemporaryDirectory folder;
  std::unique_ptr<journal::Writer> writer;
  std::unique_ptr<JournalSink> sink;
};

void send_stream(benchmark::State& state, EntrySink& sink, SyslogTransport transport,
                 const std::function<std::uint64_t()>& durable) {
  SyslogSettings settings{.name = "bench", .transport = transport, .address = "127.0.0.1", .port = 0};
  auto source = SyslogSource::create(settings, sink);
  if (!source->start()) std::abort();
  std::string text;
  const auto some = lines(20'000);
  for (const auto& line : some) text += line + "\n";
  constexpr int kRounds = 50;
  std::uint64_t sent = durable();
  double cpu = 0;
  for (auto _ : state) {
    const double process = cpu_seconds(RUSAGE_SELF);
    net::ByteStream stream(*net::connect_tcp("127.0.0.1", source->port(), Deadline::in(1s)));
    const double thread = cpu_seconds(RUSAGE_THREAD);
    for (int i = 0; i < kRounds; ++i)
      for (std::size_t at = 0; at < text.size(); at += 64 << 10)
        if (!stream.write_all(std::string_view(text).substr(at, 64 << 10), Deadline::in(30s))) std::abort();
    const double sender = cpu_seconds(RUSAGE_THREAD) - thread;
    sent += kRounds * some.size();
    while (durable() < sent) std::this_thread::sleep_for(1ms);
    cpu += cpu_seconds(RUSAGE_SELF) - process - sender;
  }
  const double count = static_cast<double>(state.iterations()) * kRounds * static_cast<double>(some.size());
  state.counters["lines/s"] = benchmark::Counter(count, benchmark::Counter::kIsRate);
  state.counters["cpu_s/Mlines"] = cpu / (count / 1e6);
  state.SetBytesProcessed(
      static_cast<std::int64_t>(static_cast<double>(state.iterations()) * kRounds * static_cast<double>(text.size())));
}

void TcpIntoNothing(benchmark::State& state) {
  NullSink sink;
  send_stream(state, sink, SyslogTransport::tcp, [&] { return sink.durable_position().number(); });
}
BENCHMARK(TcpIntoNothing)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(3);

void TcpIntoTheJournal(benchmark::State& state) {
  Journal journal;
  send_stream(state, *journal.sink, SyslogTransport::tcp, [&] { return journal.writer->durable_position().number(); });
}
BENCHMARK(TcpIntoTheJournal)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(3);

// At a steady rate, in bursts of one millisecond: what is lost?
void UdpIntoTheJournal(benchmark::State& state) {
  Journal journal;
  auto source = SyslogSource::create({.name = "bench-udp", .address = "127.0.0.1", .port = 0}, *journal.sink);
  if (!source->start()) std::abort();
  const auto some = lines(10'000);
  FileDescriptor fd(::socket(AF_INET, SOCK_DGRAM, 0));
  const auto address = *net::SocketAddress::numeric("127.0.0.1", source->port());
  if (::connect(fd.get(), address.data(), address.size()) != 0) std::abort();
  const std::int64_t rate = state.range(0);
  const std::int64_t count = rate * 3;
  std::uint64_t sent = 0;
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    std::vector<mmsghdr> messages(static_cast<std::size_t>(rate / 1000));
    std::vector<iovec> vectors(messages.size());
    for (std::int64_t tick = 0; tick < count / static_cast<std::int64_t>(messages.size()); ++tick) {
      for (std::size_t i = 0; i < messages.size(); ++i) {
        const auto& line = some[(sent + i) % some.size()];
        vectors[i] = {const_cast<char*>(line.data()), line.size()};
        messages[i] = {};
        messages[i].msg_hdr.msg_iov = &vectors[i];
        messages[i].msg_hdr.msg_iovlen = 1;
      }
      for (std::size_t done = 0; done < messages.size();) {
        const int some_sent =
            ::sendmmsg(fd.get(), messages.data() + done, static_cast<unsigned>(messages.size() - done), 0);
        if (some_sent > 0) done += static_cast<std::size_t>(some_sent);
      }
      sent += messages.size();
      std::this_thread::sleep_until(begin + std::chrono::milliseconds(tick + 1));
    }
  }
  std::this_thread::sleep_for(300ms);
  source->stop();
  state.counters["lost"] = static_cast<double>(sent) - static_cast<double>(source->status().messages);
  state.counters["sent/s"] = benchmark::Counter(static_cast<double>(sent), benchmark::Counter::kIsRate);
}
BENCHMARK(UdpIntoTheJournal)->Arg(200'000)->Arg(400'000)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(1);

void Framing(benchmark::State& state) {
  std::string text;
  for (const auto& line : lines(2'000))
    text += state.range(0) != 0 ? fmt::format("{} {}", line.size(), line) : line + "\n";
  net::SyslogFramer framer;
  std::size_t frames = 0;
  for (auto _ : state) {
    std::string_view rest = text;
    while (auto frame = framer.next(rest)) frames += frame->bytes.size() > 0;
    while (auto frame = framer.finish(rest)) frames += frame->bytes.size() > 0;
  }
  state.counters["lines/s"] = benchmark::Counter(static_cast<double>(frames), benchmark::Counter::kIsRate);
}
BENCHMARK(Framing)->Arg(0)->Arg(1);

}  // namespace
}  // namespace yagura::intake
BENCHMARK_MAIN();
