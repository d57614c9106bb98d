#include "journal/transfer.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "journal/wire.hpp"

namespace yagura::journal {

namespace {

constexpr std::string_view kMagic = "YTR1";
constexpr std::string_view kStatement = "yagura-transfer:1:";
constexpr std::size_t kMostRuns = 4'096;
constexpr std::size_t kRunBytes = 8 << 20;  // a longer run is cut: its content is one string

}  // namespace

void TransferBuilder::add(const Entry& entry) {
  if (out_.empty()) out_ = kMagic;
  if (run_ && (entry.position.number() != last_.number() + 1 || run_->bytes() > kRunBytes)) end_run();
  if (!run_) {
    run_ = std::make_unique<BlockBuilder>(64 << 10);
    run_first_ = entry.position;
  }
  run_->add({.source = entry.source(),
             .peer = entry.peer(),
             .hint = entry.hint(),
             .received_at = entry.received_at,
             .read_at = entry.read_at,
             .payload = entry.payload,
             .item_id = entry.item_id,
             .is_reference = entry.is_reference()});
  last_ = entry.position;
  ++entries_;
}

void TransferBuilder::end_run() {
  const auto count = run_->count();
  const auto payload_bytes = run_->payload_bytes();
  const std::string content = run_->finish();
  run_.reset();
  append_varint(out_, run_first_.number());
  append_varint(out_, count);
  append_varint(out_, payload_bytes);
  append_varint(out_, content.size());
  out_ += content;
}

std::string TransferBuilder::finish() {
  if (run_) end_run();
  entries_ = 0;
  return std::exchange(out_, {});
}

Result<std::vector<std::shared_ptr<const Block>>> decode_transfer(std::string_view bytes) {
  const auto wrong = [](std::string_view what) { return fail(ErrorKind::corrupt, "the batch of entries {}", what); };
  if (!bytes.starts_with(kMagic)) return wrong("does not begin with YTR1");
  WireReader in(bytes.substr(kMagic.size()));
  std::vector<std::shared_ptr<const Block>> runs;
  std::uint64_t last = 0;
  while (in.left() > 0) {
    const std::uint64_t first = in.varint();
    const std::uint64_t count = in.varint();
    const std::uint64_t payload_bytes = in.varint();
    const std::string_view content = in.bytes(in.varint());
    if (in.failed()) return wrong("ends inside a run");
    if (runs.size() == kMostRuns) return wrong("has too many runs");
    if (first <= last || count == 0 || count > content.size() || first > (std::uint64_t{1} << 62) - count)
      return wrong("has positions that do not grow, or an empty run");
    last = first + count - 1;
    runs.push_back(TRY(Block::decode(std::string(content), payload_bytes, Position(first), static_cast<std::uint32_t>(count)),
                       "decoding a batch of entries"));
  }
  if (runs.empty()) return wrong("is empty");
  return runs;
}

std::uint64_t TransferStatement::entries() const {
  std::uint64_t sum = 0;
  for (const auto& run : runs) sum += run.count;
  return sum;
}

Position TransferStatement::position_of(std::uint64_t index) const {
  for (const auto& run : runs) {
    if (index < run.count) return Position(run.first.number() + index);
    index -= run.count;
  }
  return {};
}

std::string to_text(const TransferStatement& statement) {
  std::string out = fmt::format("{}{}:{}:", kStatement, statement.sender, yagura::to_string(statement.journal));
  for (const auto& run : statement.runs)
    fmt::format_to(std::back_inserter(out), "{}{}+{}", &run == statement.runs.data() ? "" : ",", run.first.number(), run.count);
  return out;
}

Result<TransferStatement> parse_transfer_statement(std::string_view text) {
  const auto wrong = [] { return fail(ErrorKind::corrupt, "a statement of a transfer is malformed"); };
  if (!text.starts_with(kStatement)) return wrong();
  const auto parts = split(text.substr(kStatement.size()), ':');
  if (parts.size() != 3) return wrong();
  TransferStatement out;
  out.sender = parts[0];
  const auto journal = Guid::parse(parts[1]);
  if (!journal || out.sender.empty()) return wrong();
  out.journal = *journal;
  std::uint64_t last = 0;
  for (const auto part : split(parts[2], ',')) {
    const auto plus = part.find('+');
    if (plus == std::string_view::npos) return wrong();
    const auto first = parse_uint64(part.substr(0, plus));
    const auto count = parse_uint64(part.substr(plus + 1));
    if (!first || !count || *count == 0 || *count > 0xFFFF'FFFF || *first <= last || *first > std::uint64_t{1} << 62) return wrong();
    last = *first + *count - 1;
    out.runs.push_back({Position(*first), static_cast<std::uint32_t>(*count)});
  }
  return out;
}

}  // namespace yagura::journal
