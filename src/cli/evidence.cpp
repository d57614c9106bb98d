// yagura evidence show | verify | head: the raw bytes of an event, and proof that they are unchanged.
#include <ostream>

#include "base/encoding.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "journal/reader.hpp"
#include "journal/verify.hpp"

namespace yagura::cli {

namespace {

struct EvidenceOptions {
  std::string data = "data";
  std::string id;
  std::string keys;
  std::string anchor;
  bool raw = false;
  bool json = false;
};

std::filesystem::path journal_of(const EvidenceOptions& options) {
  return std::filesystem::path(options.data) / "journal";
}

Result<journal::FoundEntry> find(const journal::Reader& reader, std::string_view id) {
  if (const auto position = parse_uint64(id)) return reader.find_entry(Position(*position));
  const auto guid = Guid::parse(id);
  if (!guid)
    return fail(ErrorKind::invalid_input,
                "'{}' is neither an _ItemId (as query results show it) nor a journal position (a whole number)", id);
  return reader.find_item(*guid);
}

Result<ExitCode> show(const EvidenceOptions& options, Console& console) {
  const auto reader = TRY(journal::Reader::open(journal_of(options)));
  const auto found = TRY(find(*reader, options.id), "looking for event {}", options.id);
  const journal::Entry& entry = *found.entry;
  if (options.raw) {
    console.out << entry.payload;
    return ExitCode::done;
  }
  const auto received = format_datetime(entry.received_at.time_since_epoch().count());
  const auto digest = to_hex(as_text(sha256(entry.payload)));
  if (options.json) {
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    json.key("itemId").text(to_string(journal::item_id_of(entry)));
    json.key("position").number(entry.position.number());
    json.key("source").text(entry.source());
    json.key("peer").text(entry.peer());
    json.key("format").text(entry.hint());
    json.key("receivedAt").text(received);
    json.key("size").number(static_cast<std::uint64_t>(entry.payload.size()));
    json.key("sha256").text(digest);
    json.key("base64").text(to_base64(entry.payload));
    json.end_object();
    console.out << text << '\n';
    return ExitCode::done;
  }
  console.out << fmt::format(
      "item      {}\nposition  {}\nsource    {}\npeer      {}\nformat    {}\nreceived  {}\nsize      {} bytes\nsha256    {}\n"
      "segment   {} at byte {}\n\n",
      to_string(journal::item_id_of(entry)), entry.position.number(), entry.source(),
      entry.peer().empty() ? "-" : entry.peer(), entry.hint(), received, entry.payload.size(), digest,
      found.block->place().segment.number(), found.block->place().offset);
  // Foreign bytes must not drive the terminal: everything but printable text is escaped; --raw gives the bytes.
  for (std::size_t at = 0; at < entry.payload.size();) {
    const std::size_t start = at;
    const char32_t point = utf8::next(entry.payload, at);
    const auto byte = static_cast<unsigned char>(entry.payload[start]);
    if (point < 0x20 || point == 0x7F || (point >= 0x80 && point < 0xA0) || (point == U'\uFFFD' && at == start + 1))
      console.out << fmt::format("\\x{:02x}", byte);
    else console.out << entry.payload.substr(start, at - start);
  }
  console.out << '\n';
  return ExitCode::done;
}

Result<ExitCode> verify(const EvidenceOptions& options, Console& console) {
  journal::VerifyOptions what;
  if (!options.keys.empty()) what.keys = TRY(journal::PublicKeys::load(options.keys));
  if (!options.anchor.empty()) what.anchor = TRY(journal::parse_head(options.anchor), "reading the anchored head");
  if (console.err_is_terminal) {
    what.progress = [&](Bytes done, Bytes total) {
      console.err << fmt::format("\r{} of {} ", to_string(done), to_string(total)) << std::flush;
    };
  }
  const auto report = TRY(journal::verify(journal_of(options), what));
  if (console.err_is_terminal) console.err << "\r\x1b[K";
  if (!options.json) {
    console.out << journal::to_text(report);
    return report.intact() ? ExitCode::done : ExitCode::findings;
  }
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.key("intact").boolean(report.intact());
  json.key("segments").number(report.segments).key("blocks").number(report.blocks).key("entries").number(report.entries);
  json.key("first").number(report.first.number()).key("last").number(report.last.number());
  json.key("signedUntil").number(report.signed_until.number());
  json.key("keysFromFolder").boolean(report.keys_from_folder);
  json.key("faultCount").number(report.fault_count);
  json.key("faults").begin_array();
  for (const auto& fault : report.faults) {
    json.begin_object();
    json.key("kind").text(journal::to_string(fault.kind));
    json.key("file").text(fault.file.string());
    json.key("offset").number(fault.offset);
    json.key("length").number(fault.length);
    json.key("first").number(fault.first.number()).key("last").number(fault.last.number());
    json.key("what").text(fault.what);
    json.end_object();
  }
  json.end_array();
  json.key("notes").begin_array();
  for (const auto& note : report.notes) json.text(note);
  json.end_array();
  json.end_object();
  console.out << text << '\n';
  return report.intact() ? ExitCode::done : ExitCode::findings;
}

}  // namespace

void add_evidence(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<EvidenceOptions>();
  auto* group = app.add_subcommand("evidence", "Show the raw bytes of an event, and prove that they are unchanged");
  group->require_subcommand(1);
  group->footer("Examples:\n  yagura evidence show 00000000-0000-8000-8000-00000000002a\n"
                "  yagura evidence show 42 --raw\n  yagura evidence verify --keys /etc/yagura/journal.pub");

  auto* show_command = group->add_subcommand("show", "Print one event as it was received");
  show_command->add_option("id", options->id, "_ItemId of a row, or a journal position")->required();
  show_command->add_option("--data", options->data, "Data folder")->capture_default_str();
  show_command->add_flag("--raw", options->raw, "The bytes alone, unescaped");
  show_command->add_flag("--json", options->json, "As JSON, the bytes in base64");
  show_command->callback([=, &chosen] { chosen = [=](Console& console) { return show(*options, console); }; });

  auto* verify_command = group->add_subcommand("verify", "Check checksums, hash chain and signatures of the whole journal");
  verify_command->add_option("--data", options->data, "Data folder")->capture_default_str();
  verify_command->add_option("--keys", options->keys, "Public keys (PEM) kept elsewhere; default: those beside the journal, which proves less");
  verify_command->add_option("--anchor", options->anchor, "A signed head kept elsewhere (yagura-head:...): proves that the tail was not cut");
  verify_command->add_flag("--json", options->json, "The report as JSON");
  verify_command->callback([=, &chosen] { chosen = [=](Console& console) { return verify(*options, console); }; });
}

}  // namespace yagura::cli
