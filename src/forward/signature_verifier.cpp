// The receiving half of RFC 5848: every message's digest is compared with what its sender signed (section 7).
#include <algorithm>
#include <set>
#include <tuple>
#include <unordered_set>

#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "formats/syslog.hpp"
#include "forward/signed_syslog.hpp"
#include "forward/signing_key.hpp"

namespace yagura::forward {

namespace {

constexpr std::size_t kMostMessages = 1'000'000;
constexpr std::size_t kMostSessions = 1'024;
constexpr std::size_t kMostPayload = 64 << 10;
constexpr std::size_t kMostWaiting = 256;  // blocks of a session whose key has not come
constexpr std::size_t kMostFindings = 10'000;

// Parameters of one structured data element: name="value", values without escapes as RFC 5848's are.
std::optional<std::map<std::string, std::string, std::less<>>> parameters_of(std::string_view element) {
  std::map<std::string, std::string, std::less<>> out;
  while (!element.empty()) {
    while (!element.empty() && element.front() == ' ') element.remove_prefix(1);
    if (element.empty()) break;
    const auto equals = element.find("=\"");
    if (equals == std::string_view::npos || equals == 0 || equals > 32) return std::nullopt;
    const auto close = element.find('"', equals + 2);
    if (close == std::string_view::npos || out.size() == 16) return std::nullopt;
    out.emplace(element.substr(0, equals), element.substr(equals + 2, close - equals - 2));
    element.remove_prefix(close + 1);
  }
  return out;
}

struct Block {
  bool is_certificate = false;
  std::string host;
  std::map<std::string, std::string, std::less<>> values;
  std::string signed_text;  // the message without SIGN
  std::string signature;

  std::string_view operator[](std::string_view name) const {
    const auto found = values.find(name);
    return found == values.end() ? std::string_view() : found->second;
  }
  std::uint64_t number(std::string_view name) const { return parse_uint64((*this)[name]).value_or(0); }
};

// nullopt: the message is no block. An empty signature: it is one that cannot be read.
std::optional<Block> read_block(std::string_view message) {
  std::size_t at = message.find("[ssign");
  if (at == std::string_view::npos || !message.starts_with('<')) return std::nullopt;
  const auto header = formats::parse_syslog_header(message, {}, {});
  if (header.version != 1 || !header.structured_data.starts_with("[ssign")) return std::nullopt;
  std::string_view element = header.structured_data;
  at = static_cast<std::size_t>(element.data() - message.data());
  const auto end = element.find(']');
  Block block;
  block.host = header.host;
  const std::string_view inside = element.substr(0, end);
  if (inside.starts_with("[ssign-cert "))
    block.is_certificate = true;
  else if (!inside.starts_with("[ssign "))
    return std::nullopt;
  const auto blank = inside.find(' ');
  auto values = parameters_of(inside.substr(blank + 1));
  const auto sign = inside.rfind(" SIGN=\"");
  if (!values || end == std::string_view::npos || sign == std::string_view::npos) return block;
  const auto close = inside.find('"', sign + 7);
  if (close == std::string_view::npos) return block;
  block.values = std::move(*values);
  block.signature = from_base64(inside.substr(sign + 7, close - sign - 7)).value_or("");
  block.signed_text = message.substr(0, at + sign);
  block.signed_text += message.substr(at + close + 1);
  return block;
}

}  // namespace

std::string_view to_string(SignatureFindingKind kind) {
  switch (kind) {
    case SignatureFindingKind::missing: return "missing";
    case SignatureFindingKind::changed: return "changed";
    case SignatureFindingKind::out_of_order: return "out-of-order";
    case SignatureFindingKind::duplicate: return "duplicate";
    case SignatureFindingKind::unsigned_: return "unsigned";
    case SignatureFindingKind::bad_signature: return "bad-signature";
    case SignatureFindingKind::no_key: return "no-key";
    case SignatureFindingKind::untrusted_key: return "untrusted-key";
    case SignatureFindingKind::malformed: return "malformed";
  }
  return {};
}

struct SignatureVerifier::State {
  explicit State(Options made) : options(std::move(made)) {}

  struct Session {
    std::string name;  // "host session"
    OwnedKey key;
    bool is_trusted = true;
    std::string payload;  // of certificate blocks, as far as it came
    std::vector<std::pair<std::size_t, std::size_t>> parts;
    std::vector<Block> waiting;                     // for the key
    std::map<std::uint64_t, Sha256Digest> numbers;  // signed and verified
  };
  struct Arrival {
    Sha256Digest digest;
    std::string host;
  };

  Options options;
  std::map<std::tuple<std::string, std::string, std::string, std::string>, Session> sessions;
  std::vector<Arrival> arrivals;
  std::uint64_t first_arrival = 1;  // number of arrivals[0]
  SignatureReport so_far;

  void find(SignatureFindingKind kind, std::string sender, std::uint64_t number, std::uint64_t arrival,
            std::string detail) {
    find_in(so_far, kind, std::move(sender), number, arrival, std::move(detail));
  }
  static void find_in(SignatureReport& report, SignatureFindingKind kind, std::string sender, std::uint64_t number,
                      std::uint64_t arrival, std::string detail) {
    if (report.findings.size() >= kMostFindings)
      ++report.more_findings;
    else
      report.findings.push_back({kind, std::move(sender), number, arrival, std::move(detail)});
  }

  void take(Block block) {
    ++so_far.blocks;
    if (block.signature.empty() || (block["VER"] != "0121" && block["VER"] != "0122")) {
      find(SignatureFindingKind::malformed, block.host, 0, 0,
           block["VER"].empty() ? "a block that cannot be read" : "VER " + std::string(block["VER"]) + " is not known");
      return;
    }
    const auto place =
        std::tuple(block.host, std::string(block["RSID"]), std::string(block["SG"]), std::string(block["SPRI"]));
    if (!sessions.contains(place) && sessions.size() >= kMostSessions) return;
    auto& session = sessions[place];
    session.name = block.host + " " + std::string(block["RSID"]);
    if (block.is_certificate)
      certificate(session, block);
    else if (session.key)
      digests(session, block);
    else if (session.waiting.size() < kMostWaiting)
      session.waiting.push_back(std::move(block));
  }

  void certificate(Session& session, const Block& block) {
    const auto total = block.number("TBPL"), index = block.number("INDEX"), size = block.number("FLEN");
    const auto fragment = block["FRAG"];
    if (total == 0 || total > kMostPayload || index == 0 || index - 1 + size > total || fragment.size() != size) {
      find(SignatureFindingKind::malformed, session.name, 0, 0, "a certificate block whose sizes do not fit");
      return;
    }
    if (session.key) {
      if (!signing::verify(session.key.get(), block["VER"], block.signed_text, block.signature))
        find(SignatureFindingKind::bad_signature, session.name, 0, 0, "of a certificate block");
      return;
    }
    if (session.payload.size() != total) {
      session.payload.assign(total, '\0');
      session.parts.clear();
    }
    session.payload.replace(index - 1, size, fragment);
    session.parts.emplace_back(index - 1, index - 1 + size);
    std::ranges::sort(session.parts);
    std::size_t covered = 0;
    for (const auto& [from, to] : session.parts)
      if (from <= covered) covered = std::max(covered, to);
    if (covered < total) return;
    // "time type blob"
    const auto words = split(session.payload, ' ');
    if (words.size() != 3 || words[1].size() != 1) {
      find(SignatureFindingKind::malformed, session.name, 0, 0, "a payload of three words was expected");
      return;
    }
    auto key = signing::key_of_blob(words[1][0], from_base64(words[2]).value_or(""));
    if (!key || !signing::verify(key.get(), block["VER"], block.signed_text, block.signature)) {
      find(SignatureFindingKind::bad_signature, session.name, 0, 0, "of a certificate block, by the key it brings");
      session.parts.clear();
      return;
    }
    const auto thumbprint = to_hex(as_text(sha256(signing::public_der_of(key.get()))));
    session.is_trusted = options.trusted.empty() || std::ranges::any_of(options.trusted, [&](const std::string& one) {
                           return equal_ignoring_ascii_case(one, thumbprint);
                         });
    if (!session.is_trusted)
      find(SignatureFindingKind::untrusted_key, session.name, 0, 0, "SHA-256 of the public key " + thumbprint);
    session.key = std::move(key);
    for (const auto& waiting : std::exchange(session.waiting, {})) digests(session, waiting);
  }

  void digests(Session& session, const Block& block) {
    if (!signing::verify(session.key.get(), block["VER"], block.signed_text, block.signature)) {
      find(SignatureFindingKind::bad_signature, session.name, block.number("FMN"), 0, "of a signature block");
      return;
    }
    const auto words = split(block["HB"], ' ');
    if (words.size() != block.number("CNT") || words.size() > 99) {
      find(SignatureFindingKind::malformed, session.name, block.number("FMN"), 0, "CNT is not the number of digests");
      return;
    }
    if (!session.is_trusted) return;
    std::uint64_t number = block.number("FMN");
    for (const auto word : words) {
      const auto bytes = from_base64(word);
      if (bytes && bytes->size() == 32 && session.numbers.size() < kMostMessages) {
        Sha256Digest digest;
        std::ranges::copy(*bytes, reinterpret_cast<char*>(digest.data()));
        session.numbers.try_emplace(number, digest);
      }
      ++number;
    }
  }
};

SignatureVerifier::SignatureVerifier(Options options) : state_(std::make_unique<State>(std::move(options))) {}
SignatureVerifier::~SignatureVerifier() = default;

void SignatureVerifier::add(std::string_view message) {
  if (auto block = read_block(message)) return state_->take(std::move(*block));
  ++state_->so_far.messages;
  if (state_->arrivals.size() >= kMostMessages) return;
  state_->arrivals.push_back({sha256(message), std::string(formats::parse_syslog_header(message, {}, {}).host)});
}

SignatureReport SignatureVerifier::report() const {
  SignatureReport report = state_->so_far;
  const auto& arrivals = state_->arrivals;
  // Arrivals by digest, each to be used once.
  std::unordered_map<std::string_view, std::deque<std::size_t>> by_digest;
  for (std::size_t i = 0; i < arrivals.size(); ++i) by_digest[as_text(arrivals[i].digest)].push_back(i);
  std::vector<bool> used(arrivals.size());
  std::set<std::string, std::less<>> signing_hosts;
  std::unordered_set<std::string_view> signed_digests;

  // First what came as it was signed.
  struct Came {
    std::uint64_t number;
    std::optional<std::size_t> arrival;
  };
  std::vector<std::tuple<const std::string*, const State::Session*, std::vector<Came>>> streams;
  for (const auto& [place, session] : state_->sessions) {
    if (!session.key && !session.waiting.empty())
      State::find_in(report, SignatureFindingKind::no_key, session.name, 0, 0,
                     std::to_string(session.waiting.size()) + " signature blocks wait for it");
    if (session.numbers.empty()) continue;
    signing_hosts.insert(std::get<0>(place));
    std::vector<Came> came;
    for (const auto& [number, digest] : session.numbers) {
      signed_digests.insert(as_text(digest));
      const auto found = by_digest.find(as_text(digest));
      if (found == by_digest.end() || found->second.empty()) {
        came.push_back({number, std::nullopt});
        continue;
      }
      came.push_back({number, found->second.front()});
      used[found->second.front()] = true;
      found->second.pop_front();
      ++report.verified;
    }
    streams.emplace_back(&std::get<0>(place), &session, std::move(came));
  }

  // What is left of each host. When only one host signs, everything is its: messages may name those it relays for.
  const bool one_signer = signing_hosts.size() == 1;
  std::map<std::string_view, std::set<std::size_t>> unused;
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    if (used[i]) continue;
    if (one_signer)
      unused[*signing_hosts.begin()].insert(i);
    else if (const auto host = signing_hosts.find(arrivals[i].host); host != signing_hosts.end())
      unused[*host].insert(i);
  }

  for (const auto& [host, session, came] : streams) {
    auto& left = unused[*signing_hosts.find(*host)];
    // For each number, where the next one that came stands.
    std::vector<std::size_t> next(came.size() + 1, arrivals.size());
    for (std::size_t i = came.size(); i-- > 0;) next[i] = came[i].arrival.value_or(next[i + 1]);
    std::optional<std::size_t> latest;
    std::uint64_t expected = 1;
    for (std::size_t i = 0; i < came.size(); ++i) {
      const auto& [number, arrival] = came[i];
      // Numbers that no block names.
      if (number > expected)
        State::find_in(
            report, SignatureFindingKind::missing, session->name, expected, 0,
            fmt::format("messages {} to {}: their signature blocks did not come either", expected, number - 1));
      expected = number + 1;
      if (arrival) {
        if (latest && *arrival < *latest)
          State::find_in(report, SignatureFindingKind::out_of_order, session->name, number, *arrival + 1,
                         "came before one that was sent earlier");
        else
          latest = *arrival;
        continue;
      }
      // Something unsigned where it should have come: the same message with other bytes.
      const auto changed = left.lower_bound(latest ? *latest + 1 : 0);
      if (changed != left.end() && *changed < std::max(next[i + 1], latest.value_or(0))) {
        latest = *changed;
        State::find_in(report, SignatureFindingKind::changed, session->name, number, *changed + 1,
                       "its bytes are not those that were signed");
        left.erase(changed);
      } else {
        State::find_in(report, SignatureFindingKind::missing, session->name, number, 0, "signed, and did not come");
      }
    }
  }
  for (const auto& [host, left] : unused)
    for (const auto i : left) {
      const bool again = signed_digests.contains(as_text(arrivals[i].digest));
      State::find_in(report, again ? SignatureFindingKind::duplicate : SignatureFindingKind::unsigned_,
                     std::string(host), 0, i + 1, again ? "it came more often than it was sent" : "nobody signed it");
    }
  return report;
}

}  // namespace yagura::forward
